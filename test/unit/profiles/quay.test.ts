import { digestOf } from '@stellaops/oci-referrers';
import { buildArtifact } from '@stellaops/oci-referrers/testing';
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
  secretsAt,
  signatureType,
  unknownDigest,
  wire,
} from './scene.js';

const json = (text: string): unknown => JSON.parse(text);

describe('quay', () => {
  it('lists referrers itself, although it never says OCI-Subject', async () => {
    await using scene = await openProfile('quay');
    const found = await attachAndList(scene);
    expect(found).toMatchObject({ source: 'api', isListed: true });
  });

  it('writes a referrer under the tag too, since nothing confirms that it was taken', async () => {
    await using scene = await openProfile('quay');
    const attached = await attach(scene);
    const tag = scene.image.descriptor.digest.replace(':', '-');
    const index = json(await (await ask(scene, `manifests/${tag}`)).text()) as { manifests: { digest: string }[] };
    expect(index.manifests.map(({ digest }) => digest)).toEqual([attached.digest]);
    const put = scene.registry.requests.find(
      ({ method, reference }) => method === 'PUT' && reference === attached.digest,
    );
    expect(put?.status).toBe(201);
  });

  it('is an error, not an empty list, for a subject it does not know', async () => {
    await using scene = await openProfile('quay');
    const stranger = { ...scene.image.descriptor, digest: unknownDigest };
    await expect(scene.fetcher.fetchReferrers(stranger)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      status: 400,
      registryErrors: [{ code: 'MANIFEST_INVALID', message: 'manifest invalid' }],
    });
  });

  it('turns outsiders away from a repository that is not there, with a challenge', async () => {
    await using scene = await openWithUser('quay', { anonymousPull: true });
    const answer = await ask(scene, `/v2/no/such/referrers/${unknownDigest}`);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Bearer realm=".*\/v2\/auth",service=".*",scope="repository:no\/such:pull"$/),
    ]);
    expect(await answer.json()).toMatchObject({
      errors: [{ code: 'UNAUTHORIZED', message: 'access to the requested resource is not authorized' }],
    });
    await expect(scene.resolver.resolve(`${scene.registry.host}/no/such:v1`)).rejects.toMatchObject({
      code: 'ERR_OCI_UNAUTHORIZED',
    });
  });

  it('indents its JSON, unites all annotations, and says a type only where the artifact says one itself', async () => {
    await using scene = await openProfile('quay');
    const { registry, image } = scene;
    for (const [name, artifactType] of [
      ['a', sbomType],
      ['b', signatureType],
    ] as const) {
      const annotations = { [name]: 'yes' };
      registry.store.add(
        repository,
        buildArtifact({ artifactType, subject: image.descriptor, content: name, annotations }),
      );
    }
    const answer = await askReferrers(scene, '?artifactType=');
    expect([answer.headers.get('content-type'), answer.headers.get('oci-filters-applied')]).toEqual([
      indexType,
      'artifactType',
    ]);
    const text = await answer.text();
    expect(text).toContain('\n   "schemaVersion": 2');
    expect(json(text)).toMatchObject({ annotations: { a: 'yes', b: 'yes' } });
    const helm = {
      schemaVersion: 2,
      config: { mediaType: 'application/helm', digest: image.blobs[0]?.descriptor.digest, size: 1 },
      layers: [],
    };
    const bytes = Buffer.from(JSON.stringify({ ...helm, subject: image.descriptor }));
    const digest = digestOf(bytes);
    registry.store.putManifest(repository, digest, bytes, image.descriptor.mediaType);
    const types = (await list(scene)).referrers.map(({ artifactType }) => artifactType ?? 'none');
    expect(types.sort()).toEqual([sbomType, signatureType, 'none'].sort());
    const charts = await list(scene, { artifactTypes: ['application/helm'] });
    expect(digests(charts.referrers)).toEqual([digest]);
  });

  it('lists what was under the referrers tag before it had an API', async () => {
    await using scene = await openProfile('quay');
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const stored = scene.registry.store.repository(repository).manifests;
    const manifest = stored.get(sbom.descriptor.digest);
    if (manifest !== undefined) stored.set(sbom.descriptor.digest, { ...manifest, subject: undefined });
    expect((await list(scene)).referrers).toEqual([]);
    scene.registry.store.setReferrersTag(repository, scene.image.descriptor, [sbom.descriptor]);
    expect(digests((await list(scene)).referrers)).toEqual([sbom.descriptor.digest]);
  });

  it('challenges at /v2/ even where it answers 200, and sends blobs elsewhere', async () => {
    await using scene = await openProfile('quay');
    const { origin, host, elsewhere } = scene.registry;
    expect(await wire(await ask(scene, '/v2/'), 'www-authenticate', 'x-sparse-manifest-support')).toEqual([
      200,
      `Bearer realm="${origin}/v2/auth",service="${host}"`,
      '1',
      'true',
    ]);
    const body = await scene.fetcher.fetch(scene.image.blobs[0]?.descriptor ?? scene.image.descriptor);
    expect(await body.toArray()).not.toEqual([]);
    expect([elsewhere?.requests.length, secretsAt(elsewhere)]).toEqual([1, []]);
  });

  it('says OK to a manifest, 415 to what is none, and never more than 100 tags at once', async () => {
    await using scene = await openProfile('quay', { tagsPageSize: 1 });
    const put = async (type: string, body: Uint8Array): Promise<Response> =>
      await ask(scene, 'manifests/x', { method: 'PUT', headers: { 'content-type': type }, body });
    const taken = await put(scene.image.descriptor.mediaType, scene.image.manifest);
    expect(await wire(taken, 'location')).toEqual([201, expect.stringMatching(/^\/v2\//), 'OK']);
    expect((await put('application/json', Buffer.from('{}'))).status).toBe(415);
    const tag = addLegacyTag(scene, scene.image.descriptor, 'custom');
    expect((await list(scene, { legacyTags: true })).legacy.map((entry) => entry.tag)).toEqual([tag]);
  });
});

it('quay/3.12.0: takes an unknown subject for a missing API, and confirms nothing where that matters', async () => {
  await using scene = await openProfile('quay/3.12.0');
  const stranger = { ...scene.image.descriptor, digest: unknownDigest };
  await expect(scene.fetcher.listReferrers(stranger, { confirmSubject: true })).rejects.toMatchObject({
    code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
  });
  expect((await list(scene)).source).toBe('api');
  const answer = await askReferrers(scene, '', unknownDigest);
  expect([answer.status, await answer.json()]).toMatchObject([404, { errors: [{ code: 'MANIFEST_UNKNOWN' }] }]);
});

it('quay/rate-limited: is a rate limit, though a page of HTML says so and nobody says for how long', async () => {
  await using scene = await openProfile('quay/rate-limited');
  await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_RATE_LIMITED', retryAfterMs: undefined });
  const answer = await askReferrers(scene);
  expect([answer.headers.get('content-type'), answer.headers.get('retry-after')]).toEqual([
    'text/html; charset=utf-8',
    null,
  ]);
  expect(await answer.text()).toContain('<title>429 Too Many Requests</title>');
});
