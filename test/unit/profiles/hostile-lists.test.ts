import { discoverReferrers } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import {
  ask,
  asked,
  askReferrers,
  digests,
  indexType,
  list,
  openProfile,
  repository,
  sbomType,
  signatureType,
  wire,
} from './scene.js';

describe('a list that is none', () => {
  const cases = [
    ['hostile/empty-object', 'ERR_OCI_BAD_SCHEMA', '{}'],
    ['hostile/manifests-null', 'ERR_OCI_BAD_SCHEMA', `{"schemaVersion":2,"mediaType":"${indexType}","manifests":null}`],
    ['hostile/manifests-missing', 'ERR_OCI_BAD_SCHEMA', `{"schemaVersion":2,"mediaType":"${indexType}"}`],
    ['hostile/docker-list', 'ERR_OCI_BAD_CONTENT_TYPE', expect.stringContaining('docker.distribution.manifest.list')],
    ['hostile/image-manifest', 'ERR_OCI_BAD_CONTENT_TYPE', expect.stringContaining('"layers":[]')],
    ['hostile/trailing-garbage', 'ERR_OCI_BAD_JSON', expect.stringMatching(/\}\{\}$/)],
    ['hostile/truncated-json', 'ERR_OCI_BAD_JSON', expect.not.stringMatching(/\]\}$/)],
    ['hostile/duplicate-key', 'ERR_OCI_BAD_JSON', expect.stringMatching(/"manifests":\[\]\}$/)],
    ['hostile/deep-nesting', 'ERR_OCI_BAD_JSON', expect.stringMatching(/\[{100000}/)],
    ['hostile/path-for-digest', 'ERR_OCI_BAD_SCHEMA', expect.stringContaining('sha256:../../../etc/passwd')],
    ['hostile/upper-case-digest', 'ERR_OCI_BAD_SCHEMA', expect.stringMatching(/sha256:[0-9A-F]{64}/)],
  ] as const;

  it.each(cases)('%s: is an error, and no tag is asked instead', async (name, code, body) => {
    await using scene = await openProfile(name);
    scene.addReferrer(sbomType, 'sbom');
    await expect(list(scene)).rejects.toMatchObject({ code, attempts: [{ endpoint: 'referrers' }] });
    expect(asked(scene.registry)).toEqual(['GET referrers']);
    expect(await wire(await askReferrers(scene))).toEqual([200, body]);
  });

  it('hostile/byte-order-mark: is an error', async () => {
    await using scene = await openProfile('hostile/byte-order-mark');
    await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_JSON' });
    const bytes = new Uint8Array(await (await askReferrers(scene)).arrayBuffer());
    expect([...bytes.subarray(0, 4)]).toEqual([0xef, 0xbb, 0xbf, 0x7b]);
  });

  it('hostile/wrong-content-length: is an error, as what came may be a part', async () => {
    await using scene = await openProfile('hostile/wrong-content-length');
    await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_NETWORK' });
    const answer = await askReferrers(scene);
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(100);
    await expect(answer.text()).rejects.toThrow('terminated');
  });

  it('hostile/over-4-mib: is an error that names the limit, which the caller may raise', async () => {
    await using scene = await openProfile('hostile/over-4-mib');
    const sbom = scene.addReferrer(sbomType, 'sbom');
    await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED', limitName: 'maxManifestBytes' });
    expect((await askReferrers(scene)).headers.get('content-length')).toBe(String(4 * 1024 * 1024 + 1));
    const limits = { maxManifestBytes: 5 * 1024 * 1024 };
    await using patient = await openProfile('hostile/over-4-mib', {}, { limits });
    patient.addReferrer(sbomType, 'sbom');
    expect(digests((await list(patient)).referrers)).toEqual([sbom.descriptor.digest]);
  });
});

describe('a list that is not to be believed', () => {
  it('hostile/duplicates: gives each referrer once', async () => {
    await using scene = await openProfile('hostile/duplicates');
    const sbom = scene.addReferrer(sbomType, 'sbom');
    expect(digests((await list(scene)).referrers)).toEqual([sbom.descriptor.digest]);
  });

  it('hostile/wrong-sizes: are replaced by those of the bytes where the closure is read', async () => {
    await using scene = await openProfile('hostile/wrong-sizes');
    const { descriptor } = scene.addReferrer(sbomType, 'sbom');
    expect((await list(scene)).referrers[0]?.size).toBe(1);
    const graph = await discoverReferrers(scene.fetcher, scene.image.descriptor);
    expect(graph.nodes.get(descriptor.digest)?.descriptor.size).toBe(descriptor.size);
  });

  it('hostile/lists-subject: leaves the subject out and says so', async () => {
    await using scene = await openProfile('hostile/lists-subject');
    const found = await list(scene);
    expect(found.referrers).toEqual([]);
    expect(found.warnings).toEqual([expect.stringContaining('its own referrer')]);
  });

  it('hostile/lists-stranger: leaves out of the closure what refers to something else, and says so', async () => {
    await using scene = await openProfile('hostile/lists-stranger');
    const subject = buildImage({ layers: [Buffer.from('another')] }).descriptor;
    const stranger = buildArtifact({ artifactType: signatureType, subject, content: 'not yours' });
    scene.registry.store.add(repository, stranger);
    expect(digests((await list(scene)).referrers)).toEqual([stranger.descriptor.digest]);
    const graph = await discoverReferrers(scene.fetcher, scene.image.descriptor);
    expect([...graph.nodes.keys()]).toEqual([scene.image.descriptor.digest]);
    expect(graph.warnings).toEqual([expect.stringContaining(stranger.descriptor.digest)]);
  });

  it('hostile/lists-missing: is an error where the closure is read: something is lost', async () => {
    await using scene = await openProfile('hostile/lists-missing');
    const [entry] = (await list(scene)).referrers;
    expect((await ask(scene, `manifests/${entry?.digest}`)).status).toBe(404);
    await expect(discoverReferrers(scene.fetcher, scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_INCONSISTENT',
    });
  });

  it('hostile/annotations-null: means none; the types come from the manifests', async () => {
    await using scene = await openProfile('hostile/annotations-null');
    scene.addReferrer(sbomType, 'sbom');
    expect((await list(scene)).referrers[0]).toMatchObject({ annotations: undefined, artifactType: undefined });
    expect((await list(scene, { artifactTypes: [sbomType], resolveTypes: true })).referrers).toHaveLength(1);
  });

  it('hostile/claims-filter: is filtered here all the same', async () => {
    await using scene = await openProfile('hostile/claims-filter');
    scene.addReferrer(sbomType, 'sbom');
    const signature = scene.addReferrer(signatureType, 'signature');
    const found = await list(scene, { artifactTypes: [signatureType] });
    expect([digests(found.referrers), found.filterAppliedBy]).toEqual([[signature.descriptor.digest], 'server']);
  });
});
