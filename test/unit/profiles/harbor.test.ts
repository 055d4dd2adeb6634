import { discoverReferrers } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import {
  ask,
  askReferrers,
  attach,
  attachAndList,
  digests,
  indexType,
  list,
  openProfile,
  openWithUser,
  sbomType,
  signatureType,
  unknownDigest,
  userHeader,
  wire,
} from './scene.js';

const emptyType = 'application/vnd.oci.empty.v1+json';

describe('harbor-2.7', () => {
  it('is read through the referrers tag, with and without credentials', async () => {
    for (const open of [openProfile, openWithUser]) {
      await using scene = await open('harbor-2.7');
      const found = await attachAndList(scene);
      expect(found).toMatchObject({ source: 'tag-schema', isListed: true });
      expect(found.attempts[0]).toMatchObject({ endpoint: 'referrers', status: 401, rule: 'unrecognized-request' });
    }
  });

  it('answers 401 with an empty challenge, even to good credentials', async () => {
    await using scene = await openWithUser('harbor-2.7');
    const path = `referrers/${scene.image.descriptor.digest}`;
    const answer = await ask(scene, path, { headers: { authorization: userHeader } });
    const message = `un-recognized request: GET /v2/team/app/${path}`;
    expect(await wire(answer, 'www-authenticate', 'content-type')).toEqual([
      401,
      '',
      'application/json; charset=utf-8',
      JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message }] }),
    ]);
  });
});

describe('harbor-2.8', () => {
  it('gives the list with a warning about its label', async () => {
    await using scene = await openProfile('harbor-2.8');
    const attached = await attach(scene);
    const found = await list(scene);
    expect(digests(found.referrers)).toEqual([attached.digest]);
    expect(found.warnings).toEqual([expect.stringContaining('application/json')]);
  });

  it('states sizes and types that are wrong, which the closure takes from the manifests', async () => {
    await using scene = await openProfile('harbor-2.8');
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const [entry] = (await list(scene)).referrers;
    expect(entry?.artifactType).toBe(emptyType);
    expect(entry?.size).toBeGreaterThan(sbom.descriptor.size);
    const graph = await discoverReferrers(scene.fetcher, scene.image.descriptor);
    const node = graph.nodes.get(sbom.descriptor.digest);
    expect(node?.descriptor.size).toBe(sbom.descriptor.size);
    const [typed] = (await list(scene, { resolveTypes: true })).referrers;
    expect(typed).toMatchObject({ size: sbom.descriptor.size, artifactType: sbomType });
  });

  it('filters by the wrong type: what is wanted is found all the same, by the types of the manifests', async () => {
    await using scene = await openProfile('harbor-2.8');
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const wanted = await askReferrers(scene, `?artifactType=${encodeURIComponent(sbomType)}`);
    expect(await wanted.text()).not.toContain(sbom.descriptor.digest);
    for (const options of [{}, { resolveTypes: true }, { serverFilter: false }]) {
      const found = await list(scene, { artifactTypes: [sbomType], ...options });
      expect(digests(found.referrers)).toEqual([sbom.descriptor.digest]);
    }
  });

  it('is an error for a subject it does not know: {} is no list', async () => {
    await using scene = await openProfile('harbor-2.8');
    const stranger = { ...scene.image.descriptor, digest: unknownDigest };
    await expect(scene.fetcher.fetchReferrers(stranger)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_SCHEMA' });
    expect(await wire(await askReferrers(scene, '', unknownDigest), 'content-type', 'x-total-count')).toEqual([
      200,
      'application/json; charset=utf-8',
      '0',
      '{}',
    ]);
  });
});

describe('harbor-2.11', () => {
  it('gives the confirmed list, and counts what the filter left out', async () => {
    await using scene = await openProfile('harbor-2.11');
    const sbom = scene.addReferrer(sbomType, 'sbom');
    scene.addReferrer(signatureType, 'signature');
    const found = await list(scene, { artifactTypes: [sbomType] });
    expect([digests(found.referrers), found.filterAppliedBy]).toEqual([[sbom.descriptor.digest], 'server']);
    const answer = await askReferrers(scene, `?artifactType=${encodeURIComponent(sbomType)}`);
    expect(answer.headers.get('x-total-count')).toBe('2');
    expect(answer.headers.get('content-type')).toBe(indexType);
    const attached = await attach(scene);
    expect(digests((await list(scene)).referrers)).toContain(attached.digest);
  });

  it('challenges for Bearer, and for Basic whoever brought something; a token that has run out is replaced', async () => {
    await using scene = await openWithUser('harbor-2.11');
    const { origin } = scene.registry;
    const challengeFor = async (headers: Record<string, string>): Promise<string | null> =>
      (await ask(scene, 'manifests/v1', { headers })).headers.get('www-authenticate');
    expect(await challengeFor({})).toBe(
      `Bearer realm="${origin}/service/token",service="harbor-registry",scope="repository:team/app:pull"`,
    );
    expect(await challengeFor({ authorization: 'Bearer old' })).toBe('Basic realm="harbor"');
    await scene.resolver.resolve(scene.reference);
    scene.registry.expireTokens();
    await scene.resolver.resolve(scene.reference);
  });

  it('gives a token beside an access token that is empty', async () => {
    await using scene = await openWithUser('harbor-2.11');
    const headers = { authorization: userHeader };
    const answer = await ask(scene, '/v2/../service/token?service=harbor-registry', { headers });
    expect(await answer.json()).toMatchObject({
      token: expect.any(String) as string,
      access_token: '',
      expires_in: 300,
    });
  });
});
