import { describe, expect, it } from 'vitest';
import {
  addLegacyTag,
  ask,
  askReferrers,
  attachAndList,
  list,
  openProfile,
  openWithUser,
  sbomType,
  secretsAt,
  user,
  userHeader,
  wire,
} from './scene.js';

describe('ecr', () => {
  it('lists referrers itself, behind Basic credentials', async () => {
    await using scene = await openWithUser('ecr');
    const found = await attachAndList(scene);
    expect(found).toMatchObject({ source: 'api', isListed: true });
  });

  it('turns strangers away with a plain text, and the error says so', async () => {
    await using scene = await openWithUser('ecr', {}, { credentials: () => ({ ...user, password: 'expired' }) });
    const answer = await ask(scene, 'manifests/v1');
    expect(await wire(answer, 'www-authenticate', 'content-type', 'sizes', 'docker-distribution-api-version')).toEqual([
      401,
      `Basic realm="${scene.registry.origin}/",service="ecr.amazonaws.com"`,
      'text/plain; charset=utf-8',
      '',
      'registry/2.0',
      'Not Authorized',
    ]);
    await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
  });

  it('sends blobs to a store that refuses the credential of the registry, which it is not shown', async () => {
    await using scene = await openWithUser('ecr');
    const blob = scene.image.blobs[1]?.descriptor ?? scene.image.descriptor;
    const body = Buffer.concat(await (await scene.fetcher.fetch(blob)).toArray());
    expect(body.length).toBe(blob.size);
    expect(secretsAt(scene.registry.elsewhere)).toEqual([]);
    const answer = await ask(scene, `blobs/${blob.digest}`, { headers: { authorization: userHeader } });
    const location = answer.headers.get('location') ?? '';
    expect(answer.status).toBe(307);
    const refused = await fetch(location, { headers: { authorization: userHeader } });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('InvalidArgument')]);
  });

  it('pages tags by cursors that only its own links have; all are found', async () => {
    await using scene = await openProfile('ecr', { tagsPageSize: 1 });
    const tag = addLegacyTag(scene, scene.addReferrer(sbomType, 'sbom').descriptor, 'custom');
    expect((await list(scene, { legacyTags: true })).legacy.map((entry) => entry.tag)).toEqual([tag]);
    const unsupported = async (path: string): Promise<unknown> => {
      const answer = await ask(scene, path);
      expect(answer.status).toBe(405);
      return await answer.json();
    };
    const message = (parameter: string, constraint: string): unknown => ({
      errors: [
        {
          code: 'UNSUPPORTED',
          message: `Invalid parameter at '${parameter}' failed to satisfy constraint: '${constraint}'`,
        },
      ],
    });
    expect(await unsupported('tags/list?last=v1')).toEqual(message('NextToken', 'Invalid next token provided'));
    expect(await unsupported('tags/list?n=1001')).toEqual(
      message('maxResults', 'Member must have value less than or equal to 1000'),
    );
    expect((await ask(scene, '/v2/_catalog')).status).toBe(405);
  });

  it('means a parameter by its 405, also where a proxy has added it: an error, and no missing API', async () => {
    await using scene = await openProfile('ecr', {
      intercept: ({ endpoint, url, query }, response) => {
        const isPlain = endpoint === 'referrers' && !query.has('n');
        if (isPlain) response.writeHead(307, { location: `${url}?n=1001` }).end();
        return isPlain;
      },
    });
    await expect(list(scene)).rejects.toMatchObject({
      status: 405,
      attempts: [{ endpoint: 'referrers', rule: 'parameter-refused' }],
    });
  });

  it('ends an upload at the first chunk', async () => {
    await using scene = await openProfile('ecr');
    const start = await ask(scene, 'blobs/uploads/', { method: 'POST' });
    const location = start.headers.get('location') ?? '';
    expect((await ask(scene, location, { method: 'PATCH', body: Buffer.from('x') })).status).toBe(201);
    expect((await ask(scene, `${location}?digest=x`, { method: 'PUT' })).status).toBe(400);
  });
});

it('ecr-public: gives tokens for a scope that is the word aws, to everybody', async () => {
  await using scene = await openWithUser(
    'ecr-public',
    { anonymousPull: true },
    { credentials: () => ({ anonymous: true }) },
  );
  const { origin, host } = scene.registry;
  expect((await ask(scene, 'manifests/v1')).headers.get('www-authenticate')).toBe(
    `Bearer realm="${origin}/token/",service="${host}",scope="aws"`,
  );
  expect((await list(scene, { confirmSubject: true })).source).toBe('api');
  const tokens = scene.registry.requests.filter(({ endpoint }) => endpoint === 'token');
  expect(tokens.map(({ query }) => query.getAll('scope'))).toEqual([['aws']]);
});

it('ecr-pre-2024-06: keeps referrers under the tag, whatever OCI-Subject claims', async () => {
  await using scene = await openProfile('ecr-pre-2024-06');
  const found = await attachAndList(scene);
  expect(found).toMatchObject({ source: 'tag-schema', isListed: true });
  expect((await askReferrers(scene)).status).toBe(404);
});
