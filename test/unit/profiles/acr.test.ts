import { describe, expect, it } from 'vitest';
import {
  addLegacyTag,
  ask,
  askReferrers,
  attach,
  attachAndList,
  list,
  openProfile,
  openWithUser,
  repository,
  sbomType,
  secretsAt,
  user,
  userHeader,
} from './scene.js';

describe('acr', () => {
  it('lists referrers itself, with tokens that are access tokens alone', async () => {
    await using scene = await openWithUser('acr');
    const { registry } = scene;
    const found = await attachAndList(scene);
    expect(found).toMatchObject({ source: 'api', isListed: true });
    const url = `${registry.origin}/oauth2/token?service=${registry.host}`;
    const answer = await fetch(url, { headers: { authorization: userHeader } });
    expect(Object.keys((await answer.json()) as object)).toEqual(['access_token']);
  });

  it('takes a stored identity as a refresh token', async () => {
    const credentials = () => ({ identityToken: 'an-identity' });
    await using scene = await openWithUser('acr', { refreshToken: 'an-identity' }, { credentials });
    await attach(scene);
    const tokens = scene.registry.requests.filter(({ endpoint }) => endpoint === 'token');
    expect(new Set(tokens.map(({ method, status }) => `${method} ${status}`))).toEqual(new Set(['POST 200']));
    await using stranger = await openWithUser('acr', { refreshToken: 'another' }, { credentials });
    await expect(list(stranger)).rejects.toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
  });

  it('says in the body of a challenge what it is about', async () => {
    await using scene = await openWithUser('acr');
    const { origin, host } = scene.registry;
    const answer = await ask(scene, 'manifests/v1');
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer realm="${origin}/oauth2/token",service="${host}",scope="repository:${repository}:pull"`,
    );
    const detail = [{ Type: 'repository', Name: repository, Action: 'pull' }];
    expect(await answer.json()).toEqual({
      errors: [{ code: 'UNAUTHORIZED', message: 'authentication required', detail }],
    });
  });

  it('sends blobs to a store that refuses the token of the registry, which it is not shown', async () => {
    await using scene = await openWithUser('acr');
    const blob = scene.image.blobs[0]?.descriptor ?? scene.image.descriptor;
    await (await scene.fetcher.fetch(blob)).toArray();
    const { elsewhere } = scene.registry;
    expect(secretsAt(elsewhere)).toEqual([]);
    const stored = `${elsewhere?.origin}${elsewhere?.requests[0]?.url}`;
    const refused = await fetch(stored, { headers: { authorization: 'Bearer x' } });
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining('Authentication information is not given in the correct format'),
    ]);
  });

  it('pages tags with a parameter that is empty; all are found', async () => {
    await using scene = await openProfile('acr', { tagsPageSize: 1 });
    const tag = addLegacyTag(scene, scene.addReferrer(sbomType, 'sbom').descriptor, 'custom');
    const link = (await ask(scene, 'tags/list?n=1')).headers.get('link');
    expect(link).toBe(`</v2/${repository}/tags/list?last=${tag}&n=1&orderby=>; rel="next"`);
    expect((await list(scene, { legacyTags: true })).legacy.map((entry) => entry.tag)).toEqual([tag]);
  });
});

it('acr-cmk: keeps and finds referrers under the tag', async () => {
  await using scene = await openProfile('acr-cmk');
  const found = await attachAndList(scene);
  expect(found).toMatchObject({ source: 'tag-schema', isListed: true });
  expect((await askReferrers(scene)).status).toBe(404);
});

describe('acr-cache-ghcr', () => {
  it('is an error with the words of the registry, unless the caller takes 424 for a missing API', async () => {
    await using scene = await openProfile('acr-cache-ghcr');
    await expect(list(scene)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      status: 424,
      registryErrors: [{ code: 'UNKNOWN', message: expect.stringContaining('returned status code 303') as string }],
    });
    await using lenient = await openProfile('acr-cache-ghcr', {}, { fallbackOn: [424], credentials: () => user });
    expect(await list(lenient, { confirmSubject: true })).toMatchObject({ referrers: [], source: 'tag-schema' });
  });

  it('answers 424 with the message of its cache rule', async () => {
    await using scene = await openProfile('acr-cache-ghcr');
    const answer = await askReferrers(scene);
    expect([answer.status, await answer.text()]).toEqual([
      424,
      expect.stringMatching(
        /^\{"errors":\[\{"code":"UNKNOWN","message":"request to fetch referrers from source 'x\/y'/,
      ),
    ]);
  });
});
