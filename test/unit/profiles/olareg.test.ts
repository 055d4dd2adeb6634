import { describe, expect, it } from 'vitest';
import {
  addLegacyTag,
  ask,
  askReferrers,
  attach,
  attachAndList,
  digests,
  indexType,
  list,
  openProfile,
  openWithUser,
  repository,
  sbomType,
  signatureType,
  unknownDigest,
  userHeader,
  wire,
} from './scene.js';

describe('olareg-paged', () => {
  it('gives the whole list from all of its pages', async () => {
    await using scene = await openProfile('olareg-paged');
    const added = ['a', 'b', 'c', 'd', 'e'].map((name) => scene.addReferrer(sbomType, name).descriptor);
    const found = await list(scene);
    expect([digests(found.referrers), found.pages, found.source]).toEqual([digests(added), 3, 'api']);
  });

  it('says that it filtered on the first page of a list it has just made, and never again; the filter holds all the same', async () => {
    await using scene = await openProfile('olareg-paged', { pageSize: 1 });
    const added = ['a', 'b'].map((name) => scene.addReferrer(sbomType, name).descriptor);
    scene.addReferrer(signatureType, 'c');
    const query = `?artifactType=${encodeURIComponent(sbomType)}&n=9`;
    const first = await askReferrers(scene, query);
    const link = first.headers.get('link') ?? '';
    expect(first.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(link).toMatch(
      /^<\/v2\/team\/app\/referrers\/sha256:[0-9a-f]{64}\?artifactType=[^&]+&cache=sha256%3A[0-9a-f]{64}&n=9&page=1>; rel=next$/,
    );
    const second = await ask(scene, /<(.+)>/.exec(link)?.[1] ?? '');
    expect([second.status, second.headers.get('oci-filters-applied'), second.headers.get('link')]).toEqual([
      200,
      null,
      null,
    ]);
    expect((await askReferrers(scene, query)).headers.get('oci-filters-applied')).toBeNull();
    const filtered = await list(scene, { artifactTypes: [sbomType] });
    expect([digests(filtered.referrers), filtered.filterAppliedBy]).toEqual([digests(added), 'client']);
  });

  it('lists nothing for anything, even for what is no digest', async () => {
    await using scene = await openProfile('olareg-paged');
    for (const path of ['referrers/bad', `/v2/no/such/referrers/${unknownDigest}`]) {
      expect(await wire(await ask(scene, path), 'content-type')).toEqual([
        200,
        indexType,
        JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [] }),
      ]);
    }
  });

  it('links tags without quotes, knows no repository, and hangs up on n=0', async () => {
    await using scene = await openProfile('olareg-paged', { tagsPageSize: 1 });
    const tag = addLegacyTag(scene, scene.addReferrer(sbomType, 'sbom').descriptor, 'custom');
    expect((await ask(scene, 'tags/list?n=1')).headers.get('link')).toMatch(/; rel=next$/);
    expect((await list(scene, { legacyTags: true })).legacy.map((entry) => entry.tag)).toEqual([tag]);
    expect(await (await ask(scene, '/v2/no/such/tags/list')).json()).toEqual({ name: 'no/such', tags: [] });
    await expect(ask(scene, 'tags/list?n=0')).rejects.toThrow('fetch failed');
    const put = await ask(scene, 'manifests/v2', {
      method: 'PUT',
      headers: { 'content-type': scene.image.descriptor.mediaType },
      body: scene.image.manifest,
    });
    expect(put.headers.get('oci-tag')).toBe('v2');
  });

  it('answers 401 once more to whoever may not push, and is not asked for ever', async () => {
    const anonymous = { credentials: () => ({ anonymous: true }) as const };
    await using scene = await openWithUser('olareg-paged', { anonymousPull: true }, anonymous);
    expect((await ask(scene, '/v2/')).headers.get('www-authenticate')).toBe(
      `Bearer realm="${scene.registry.origin}/token",service="olareg registry",scope="registry::pull",error="unauthorized"`,
    );
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
    expect(scene.registry.requests.length).toBeLessThan(12);
  });

  it('lets the user in by tokens for a service with a space, or by Basic with a scope', async () => {
    await using bearer = await openWithUser('olareg-paged');
    await attach(bearer);
    const { origin } = bearer.registry;
    const headers = { authorization: userHeader };
    const token = await fetch(`${origin}/token?service=olareg+registry`, { headers });
    expect(Object.keys((await token.json()) as object)).toEqual(['token', 'expires_in', 'issued_at']);
    expect(await wire(await fetch(`${origin}/token?service=x`, { headers }))).toEqual([403, '']);
    expect((await fetch(`${origin}/token`, { method: 'POST' })).status).toBe(405);
    await using basic = await openWithUser('olareg-paged', { type: 'basic' });
    await attach(basic);
    expect((await ask(basic, 'manifests/v1')).headers.get('www-authenticate')).toBe(
      `Basic realm="olareg registry",scope="repository:${repository}:pull",error="unauthorized"`,
    );
  });
});

it('olareg-paged/rate-limited: is a rate limit that says how long to wait, without a word', async () => {
  await using scene = await openProfile('olareg-paged/rate-limited');
  await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_RATE_LIMITED', retryAfterMs: 1000 });
  expect(await wire(await askReferrers(scene), 'retry-after')).toEqual([429, '1', '']);
});

it('olareg-paged/warning: hands the warning over, once', async () => {
  const warnings: string[] = [];
  const onWarning = ({ text }: { readonly text: string }): void => void warnings.push(text);
  await using scene = await openProfile('olareg-paged/warning', {}, { onWarning });
  await list(scene);
  await list(scene);
  expect(warnings).toEqual(['this registry is read-only soon']);
});

it('olareg-off: keeps and finds referrers under the tag', async () => {
  await using scene = await openProfile('olareg-off');
  const found = await attachAndList(scene);
  expect(found).toMatchObject({ source: 'tag-schema', isListed: true });
  expect(await wire(await askReferrers(scene), 'content-type')).toEqual([
    405,
    'text/plain; charset=utf-8',
    '{"errors":[{"code":"UNSUPPORTED","message":"the operation is unsupported","detail":"method not allowed"}]}',
  ]);
});
