import { describe, expect, it } from 'vitest';
import {
  addLegacyTag,
  ask,
  askReferrers,
  attach,
  attachAndList,
  indexType,
  list,
  manifestType,
  openProfile,
  openWithUser,
  repository,
  sbomType,
  wire,
} from './scene.js';

const versions = ['distribution-2.8', 'distribution-3'] as const;

describe.each(versions)('%s', (profile) => {
  it('keeps and finds referrers under the referrers tag', async () => {
    await using scene = await openProfile(profile);
    const found = await attachAndList(scene);
    expect(found).toMatchObject({ source: 'tag-schema', isListed: true });
    expect(found.attempts[0]).toMatchObject({ status: 404, rule: 'not-found' });
  });

  it('answers 404 in plain text at the referrers endpoint, before anybody is asked who they are', async () => {
    await using scene = await openWithUser(profile);
    const answer = await askReferrers(scene);
    expect(await wire(answer, 'content-type', 'docker-distribution-api-version', 'x-content-type-options')).toEqual([
      404,
      'text/plain; charset=utf-8',
      'registry/2.0',
      'nosniff',
      '404 page not found\n',
    ]);
  });

  it('hides a manifest from those who do not accept it; this library accepts it', async () => {
    await using scene = await openProfile(profile);
    const hidden = await ask(scene, 'manifests/v1', { headers: { accept: 'application/json' } });
    expect(await hidden.json()).toMatchObject({
      errors: [{ message: 'OCI manifest found, but accept header does not support OCI manifests' }],
    });
    const etag = `"${scene.image.descriptor.digest}"`;
    const headers = { accept: manifestType };
    expect((await ask(scene, 'manifests/v1', { headers })).headers.get('etag')).toBe(etag);
    expect((await ask(scene, 'manifests/v1', { headers: { ...headers, 'if-none-match': etag } })).status).toBe(304);
    expect((await scene.resolver.resolve(scene.reference)).descriptor.digest).toBe(scene.image.descriptor.digest);
  });

  it('has deletes disabled, while OPTIONS allows them', async () => {
    await using scene = await openProfile(profile);
    const path = `manifests/${scene.image.descriptor.digest}`;
    expect((await ask(scene, path, { method: 'OPTIONS' })).headers.get('allow')).toContain('DELETE');
    const answer = await ask(scene, path, { method: 'DELETE' });
    expect(answer.status).toBe(405);
    expect(await answer.json()).toMatchObject({ errors: [{ code: 'UNSUPPORTED' }] });
  });

  it('refuses an index whose child is not there, and the old artifact manifest', async () => {
    await using scene = await openProfile(profile);
    const lost = { mediaType: manifestType, digest: `sha256:${'1'.repeat(64)}`, size: 7 };
    const put = async (type: string, document: unknown): Promise<Response> =>
      await ask(scene, 'manifests/x', {
        method: 'PUT',
        headers: { 'content-type': type },
        body: Buffer.from(JSON.stringify(document)),
      });
    const index = await put(indexType, { schemaVersion: 2, mediaType: indexType, manifests: [lost] });
    expect([index.status, await index.json()]).toMatchObject([
      400,
      { errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', detail: lost.digest }] },
    ]);
    expect((await put('application/vnd.oci.artifact.manifest.v1+json', {})).status).toBe(400);
  });

  it('lets the user in, with Basic or with tokens, each with its own challenge', async () => {
    await using basic = await openWithUser(profile, { type: 'basic' });
    expect((await ask(basic, '/v2/')).headers.get('www-authenticate')).toBe('Basic realm="basic-realm"');
    await using bearer = await openWithUser(profile, { type: 'bearer' });
    const refused = await ask(bearer, 'manifests/v1');
    expect(refused.headers.get('www-authenticate')).toContain(`scope="repository:${repository}:pull"`);
    expect(await refused.json()).toMatchObject({
      errors: [{ detail: [{ Type: 'repository', Class: '', Name: repository, Action: 'pull' }] }],
    });
    for (const scene of [basic, bearer]) await attach(scene);
  });
});

describe('older tags', () => {
  it('distribution-2.8: come all at once and unsorted, whatever page is asked for', async () => {
    await using scene = await openProfile('distribution-2.8');
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const tag = addLegacyTag(scene, sbom.descriptor, 'att');
    scene.registry.store.repository(repository).tags.set('a', sbom.descriptor.digest);
    const answer = await ask(scene, 'tags/list?n=1&last=zzz');
    expect(await wire(answer, 'content-type', 'link')).toEqual([
      200,
      'application/json; charset=utf-8',
      null,
      JSON.stringify({ name: repository, tags: ['v1', tag, 'a'] }),
    ]);
    expect((await list(scene, { legacyTags: true })).legacy.map((entry) => entry.tag)).toEqual([tag]);
  });

  it('distribution-3: come in pages, the last of them empty, and are all found', async () => {
    await using scene = await openProfile('distribution-3', { tagsPageSize: 1 });
    const tag = addLegacyTag(scene, scene.addReferrer(sbomType, 'sbom').descriptor, 'custom');
    const last = await ask(scene, 'tags/list?n=2');
    const link = last.headers.get('link') ?? '';
    expect(link).toBe(`</v2/${repository}/tags/list?last=${tag}&n=2>; rel="next"`);
    scene.registry.clearRequests();
    expect((await list(scene, { legacyTags: true })).legacy.map((entry) => entry.tag)).toEqual([tag]);
    expect(scene.registry.requests.filter(({ endpoint }) => endpoint === 'tags')).toHaveLength(3);
  });

  it('distribution-3: are none for n=0, and an error for n that is no number', async () => {
    await using scene = await openProfile('distribution-3');
    expect(await (await ask(scene, 'tags/list?n=0')).json()).toEqual({ name: repository, tags: [] });
    expect(await (await ask(scene, 'tags/list?n=abc')).json()).toMatchObject({
      errors: [{ code: 'PAGINATION_NUMBER_INVALID' }],
    });
  });
});

it('distribution-2.8/read-only: is read as ever, and refuses what is attached with the status it gives', async () => {
  await using scene = await openProfile('distribution-2.8/read-only');
  expect((await list(scene)).referrers).toEqual([]);
  await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REGISTRY_STATUS', status: 405 });
  const answer = await ask(scene, 'manifests/v1', { method: 'PUT', body: Buffer.from('{}') });
  expect([answer.headers.get('allow'), await answer.text()]).toEqual(['GET, HEAD', 'Method not allowed\n']);
});

it.each([
  ['distribution-2.8/delete-enabled', 400],
  ['distribution-3/delete-enabled', 202],
] as const)('%s: deletes a digest with 202, a tag with %i', async (profile, status) => {
  await using scene = await openProfile(profile);
  expect((await ask(scene, 'manifests/v1', { method: 'DELETE' })).status).toBe(status);
  const path = `manifests/${scene.image.descriptor.digest}`;
  expect((await ask(scene, path, { method: 'DELETE' })).status).toBe(202);
});
