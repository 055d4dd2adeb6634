import { describe, expect, it } from 'vitest';
import { asked, openScene, sbomType, signatureType } from './setup.js';

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
    scene.registry.clearRequests();
    await scene.fetcher.fetchReferrers(scene.image.descriptor, sbomType);
    await scene.fetcher.fetchReferrers(scene.image.descriptor, sbomType, signatureType);
    const queries = scene.registry.requests.map((request) => new URL(request.url, 'http://registry').search);
    expect(queries).toEqual(['?artifactType=application%2Fvnd.cyclonedx%2Bjson', '']);
  });

  it('leaves out a referrer without artifactType, and counts it in the warnings', async () => {
    await using scene = await openScene({ referrersApi: false });
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const untyped = { ...sbom.descriptor, artifactType: undefined };
    scene.registry.store.setReferrersTag('team/app', scene.image.descriptor, [untyped]);

    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { artifactTypes: [sbomType] });

    expect(list.referrers).toEqual([]);
    expect(list.warnings).toEqual([expect.stringContaining('1 referrers without artifactType')]);
  });

  it('finds that referrer with resolveTypes, which reads its manifest', async () => {
    await using scene = await openScene({ referrersApi: false });
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const untyped = { ...sbom.descriptor, artifactType: undefined };
    scene.registry.store.setReferrersTag('team/app', scene.image.descriptor, [{ ...untyped, size: 1 }]);

    const list = await scene.fetcher.listReferrers(scene.image.descriptor, {
      artifactTypes: [sbomType],
      resolveTypes: true,
    });

    expect(list.referrers).toEqual([
      expect.objectContaining({ digest: sbom.descriptor.digest, size: sbom.descriptor.size, artifactType: sbomType }),
    ]);
  });

  it('refuses an empty type instead of filtering everything away', async () => {
    await using scene = await openScene();
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor, '')).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument: 'artifactTypes',
    });
  });
});
