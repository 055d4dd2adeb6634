import { describe, expect, it } from 'vitest';
import { asked, openScene, sbomType, signatureType } from './setup.js';

const indexType = 'application/vnd.oci.image.index.v1+json';
/** What lists say that have no type of the artifact's own. */
const noTypes = [
  undefined,
  'application/vnd.oci.empty.v1+json',
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

describe('listing referrers of an image', () => {
  it('gives every referrer from the API, with type, digest and size', async () => {
    await using scene = await openScene();
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const { descriptor } = await scene.resolver.resolve(scene.reference);

    const list = await scene.fetcher.listReferrers(descriptor);

    expect(list.source).toBe('api');
    expect(list.referrers).toEqual([expect.objectContaining({ ...sbom.descriptor, artifactType: sbomType })]);
    expect(list.host).toBe(scene.registry.host);
  });

  it('gives an empty list that the API confirmed, without asking for any tag', async () => {
    await using scene = await openScene();
    scene.registry.clearRequests();

    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toEqual([]);
    expect(asked(scene.registry)).toEqual(['GET referrers']);
  });

  it('reads the referrers tag when the registry has no API, and says so', async () => {
    await using scene = await openScene({ referrersApi: false });
    const sbom = scene.addReferrer(sbomType, 'sbom');

    const list = await scene.fetcher.listReferrers(scene.image.descriptor);

    expect(list.source).toBe('tag-schema');
    expect(list.referrers.map((referrer) => referrer.digest)).toEqual([sbom.descriptor.digest]);
    expect(list.attempts.map(({ endpoint, status, rule }) => [endpoint, status, rule])).toEqual([
      ['referrers', 404, 'not-found'],
      ['tag', 200, 'tag-index'],
    ]);
  });

  it('confirms an empty list by API 404 and tag 404', async () => {
    await using scene = await openScene({ referrersApi: false });
    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list.referrers).toEqual([]);
    expect(list.source).toBe('tag-schema');
  });

  it('never asks for a tag on any host with fallbackHosts: false, and throws instead', async () => {
    await using scene = await openScene({ referrersApi: false }, { fallbackHosts: false });
    scene.addReferrer(sbomType, 'sbom');
    scene.registry.clearRequests();

    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNSUPPORTED',
      attempts: [{ endpoint: 'referrers', status: 404, rule: 'not-found' }],
    });
    expect(asked(scene.registry)).toEqual(['GET referrers']);
  });

  it('follows pages to the end', async () => {
    await using scene = await openScene({ pageSize: 2 });
    const digests = ['a', 'b', 'c', 'd', 'e'].map((content) => scene.addReferrer(sbomType, content).descriptor.digest);

    const list = await scene.fetcher.listReferrers(scene.image.descriptor);

    expect(list.referrers.map((referrer) => referrer.digest).sort()).toEqual(digests.sort());
    expect(list.pages).toBe(3);
  });
});

describe('filtering by artifact type', () => {
  it('filters again when the server ignores the filter', async () => {
    await using scene = await openScene({ artifactTypeFilter: false });
    scene.addReferrer(signatureType, 'signature');
    const sbom = scene.addReferrer(sbomType, 'sbom');

    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { artifactTypes: [sbomType] });

    expect(list.referrers.map((referrer) => referrer.digest)).toEqual([sbom.descriptor.digest]);
    expect(list.filterAppliedBy).toBe('client');
  });

  it('reports a filter the server says it applied', async () => {
    await using scene = await openScene();
    scene.addReferrer(sbomType, 'sbom');
    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { artifactTypes: [sbomType] });
    expect(list.filterAppliedBy).toBe('server');
  });

  it('filters again when the server claims a filter and lies', async () => {
    await using scene = await openScene({
      artifactTypeFilter: false,
      rewrite: (request, answer) =>
        request.endpoint === 'referrers'
          ? { ...answer, headers: { ...answer.headers, 'OCI-Filters-Applied': 'artifactType' } }
          : answer,
    });
    scene.addReferrer(signatureType, 'signature');
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor, sbomType)).toEqual([]);
  });

  it('sends one type percent-encoded, and several not at all', async () => {
    await using scene = await openScene();
    scene.addReferrer(sbomType, 'sbom');
    await scene.fetcher.fetchReferrers(scene.image.descriptor, sbomType);
    await scene.fetcher.fetchReferrers(scene.image.descriptor, sbomType, signatureType);
    const queries = scene.registry.requests.map((request) => new URL(request.url, 'http://registry').search);
    expect(queries).toEqual(['?artifactType=application%2Fvnd.cyclonedx%2Bjson', '']);
  });

  it.each(noTypes)('looks into the manifest of a referrer that is listed with the type %s', async (artifactType) => {
    await using scene = await openScene({ referrersApi: false });
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const signature = scene.addReferrer(signatureType, 'signature');
    const listed = [sbom, signature].map(({ descriptor }) => ({ ...descriptor, size: 1, artifactType }));
    scene.registry.store.setReferrersTag('team/app', scene.image.descriptor, listed);

    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { artifactTypes: [sbomType] });

    const { digest, size } = sbom.descriptor;
    expect(list.referrers).toEqual([expect.objectContaining({ digest, size, artifactType: sbomType })]);
    expect(list.warnings).toEqual([]);
  });

  it('reads no manifest of a referrer that the list gives a type', async () => {
    await using scene = await openScene();
    scene.addReferrer(signatureType, 'signature');
    scene.addReferrer(sbomType, 'sbom');
    await scene.fetcher.fetchReferrers(scene.image.descriptor, sbomType);
    expect(asked(scene.registry)).toEqual(['GET referrers']);
  });

  it('is an error where the manifest that has to say the type is gone', async () => {
    await using scene = await openScene({ referrersApi: false });
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const untyped = { ...sbom.descriptor, artifactType: undefined };
    scene.registry.store.setReferrersTag('team/app', scene.image.descriptor, [untyped]);
    scene.registry.store.repository('team/app').manifests.delete(sbom.descriptor.digest);
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor, sbomType)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_INCONSISTENT',
    });
  });

  it.each([
    ['says that it filtered', { 'OCI-Filters-Applied': 'artifactType' }],
    ['filters without saying so', { 'OCI-Filters-Applied': [] }],
  ])('asks for everything once more before the empty list of a server that %s counts', async (_name, applied) => {
    await using scene = await openScene({
      rewrite: (request, answer) => {
        if (request.endpoint !== 'referrers' || !request.query.has('artifactType')) return answer;
        const none = { schemaVersion: 2, mediaType: indexType, manifests: [] };
        const { 'content-type': type = indexType } = answer.headers;
        return { ...answer, headers: { 'content-type': type, ...applied }, body: Buffer.from(JSON.stringify(none)) };
      },
    });
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { artifactTypes: [sbomType] });
    expect(list.referrers.map(({ digest }) => digest)).toEqual([sbom.descriptor.digest]);
    expect(list.filterAppliedBy).toBe('client');
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor, signatureType)).toEqual([]);
    expect(asked(scene.registry)).toEqual(Array(4).fill('GET referrers'));
  });

  it('refuses an empty type instead of filtering everything away', async () => {
    await using scene = await openScene();
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor, '')).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument: 'artifactTypes',
    });
  });
});
