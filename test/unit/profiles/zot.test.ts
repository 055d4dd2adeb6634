import { describe, expect, it } from 'vitest';
import {
  addLegacyTag,
  ask,
  askReferrers,
  attach,
  digests,
  list,
  openProfile,
  openWithUser,
  repository,
  sbomType,
  signatureType,
  unknownDigest,
  wire,
} from './scene.js';

const dockerType = 'application/vnd.docker.distribution.manifest.v2+json';

describe.each(['zot-2.1.18', 'zot-2.1.20'] as const)('%s', (profile) => {
  it('lists referrers itself, by several types at once, with empty annotations', async () => {
    await using scene = await openProfile(profile);
    const attached = await attach(scene);
    const found = await list(scene, { artifactTypes: [sbomType] });
    expect([digests(found.referrers), found.source, found.filterAppliedBy]).toEqual([
      [attached.digest],
      'api',
      'server',
    ]);
    const query = [sbomType, signatureType].map((type) => `artifactType=${encodeURIComponent(type)}`).join('&');
    const answer = await askReferrers(scene, `?${query}`);
    expect(answer.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await answer.json()).toMatchObject({ annotations: {}, manifests: [{ digest: attached.digest }] });
    expect(await wire(await ask(scene, 'referrers/bad'))).toEqual([400, '']);
  });

  it('refuses manifests of Docker, and does not list one that is there', async () => {
    await using scene = await openProfile(profile);
    const document = JSON.parse(Buffer.from(scene.image.manifest).toString()) as object;
    const body = Buffer.from(JSON.stringify({ ...document, mediaType: dockerType, subject: scene.image.descriptor }));
    const put = await ask(scene, 'manifests/x', { method: 'PUT', headers: { 'content-type': dockerType }, body });
    expect([put.status, await put.json()]).toMatchObject([415, { errors: [{ code: 'MANIFEST_INVALID' }] }]);
    scene.registry.store.putManifest(repository, unknownDigest, body, dockerType);
    expect((await list(scene)).referrers).toEqual([]);
  });

  it('challenges at /v2/ even where it answers 200, in lower case, and refuses with a bare object', async () => {
    await using open = await openProfile(profile);
    expect(await wire(await ask(open, '/v2/'), 'www-authenticate')).toEqual([200, 'basic realm=zot', '{}']);
    await using basic = await openWithUser(profile);
    const refused = await ask(basic, 'manifests/v1');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'basic realm=zot']);
    expect(await refused.json()).toMatchObject({ code: 'UNAUTHORIZED', detail: {} });
    await attach(basic);
    await using bearer = await openWithUser(profile, { type: 'bearer' });
    expect((await ask(bearer, '/v2/')).headers.get('www-authenticate')).toMatch(/^bearer realm=.*,scope=""$/);
    await attach(bearer);
  });

  it('refuses whom it knows and who may not with 403 in a list of errors', async () => {
    const credentials = () => ({ anonymous: true }) as const;
    await using scene = await openWithUser(profile, { type: 'bearer', anonymousPull: true }, { credentials });
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_DENIED', registryErrors: [{ code: 'DENIED' }] });
    expect((await ask(scene, '/v2/', { method: 'OPTIONS' })).headers.get('access-control-allow-methods')).toContain(
      'DELETE',
    );
  });

  it('pages tags after tags that are there alone; all are found', async () => {
    await using scene = await openProfile(profile, { tagsPageSize: 1 });
    const tag = addLegacyTag(scene, scene.addReferrer(sbomType, 'sbom').descriptor, 'custom');
    expect((await ask(scene, 'tags/list?n=1')).headers.get('link')).toBe(
      `</v2/${repository}/tags/list?n=1&last=${tag}>; rel="next"`,
    );
    expect((await ask(scene, 'tags/list?last=nothing')).status).toBe(404);
    expect(await wire(await ask(scene, 'tags/list?n=-1'))).toEqual([400, '']);
    expect((await list(scene, { legacyTags: true })).legacy.map((entry) => entry.tag)).toEqual([tag]);
  });
});

it('zot-2.1.18: says 404 without a word to an unknown repository, which is no empty list', async () => {
  await using scene = await openProfile('zot-2.1.18');
  const fetcher = await scene.resolver.fetcher(`${scene.registry.host}/no/such:v1`);
  await expect(fetcher.listReferrers(scene.image.descriptor)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
  expect(await wire(await ask(scene, `/v2/no/such/referrers/${unknownDigest}`))).toEqual([404, '']);
  expect((await list(scene)).source).toBe('api');
});

it('zot-2.1.18: lists a referrer that has a tag twice, and the caller gets it once', async () => {
  await using scene = await openProfile('zot-2.1.18');
  const sbom = scene.addReferrer(sbomType, 'sbom');
  scene.registry.store.repository(repository).tags.set('sbom', sbom.descriptor.digest);
  const { manifests } = (await (await askReferrers(scene)).json()) as { manifests: unknown[] };
  expect(manifests).toHaveLength(2);
  expect(digests((await list(scene)).referrers)).toEqual([sbom.descriptor.digest]);
});

it('zot-2.1.18/rate-limited: is a rate limit in a bare text', async () => {
  await using scene = await openProfile('zot-2.1.18/rate-limited');
  await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_RATE_LIMITED' });
  expect(await wire(await askReferrers(scene))).toEqual([429, 'Too Many Requests']);
});

it('zot-2.1.20: lists nothing for an unknown repository', async () => {
  await using scene = await openProfile('zot-2.1.20');
  const fetcher = await scene.resolver.fetcher(`${scene.registry.host}/no/such:v1`);
  expect(await fetcher.fetchReferrers(scene.image.descriptor)).toEqual([]);
  await expect(fetcher.listReferrers(scene.image.descriptor, { confirmSubject: true })).resolves.toMatchObject({
    source: 'api',
  });
});
