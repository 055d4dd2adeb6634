import { Readable } from 'node:stream';
import {
  type Descriptor,
  discoverReferrers,
  ProtocolError,
  type ReferrersSource,
  type WalkOptions,
} from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';

const sbomType = 'application/spdx+json';
const signatureType = 'application/vnd.cncf.notary.signature';

/** A source over a map: what is there, and what is listed for whom; it counts how often each manifest is fetched. */
function sourceOf(contents: readonly TestContent[], lists: Readonly<Record<string, readonly Descriptor[]>> = {}) {
  const bytes = new Map<string, Uint8Array>();
  const listed = new Map<string, Descriptor[]>();
  const add = (content: TestContent): void => {
    bytes.set(content.descriptor.digest, content.manifest);
    const { subject } = JSON.parse(Buffer.from(content.manifest).toString()) as { subject?: Descriptor };
    if (subject !== undefined) listed.set(subject.digest, [...(listed.get(subject.digest) ?? []), content.descriptor]);
    content.children.forEach(add);
  };
  contents.forEach(add);
  const fetched: string[] = [];
  const source: ReferrersSource = {
    fetch(descriptor) {
      fetched.push(descriptor.digest);
      const found = bytes.get(descriptor.digest);
      if (found === undefined) return Promise.reject(new ProtocolError('ERR_OCI_NOT_FOUND', `no ${descriptor.digest}`));
      return Promise.resolve(Readable.from([Buffer.from(found)], { objectMode: false }));
    },
    listReferrers(subject) {
      const referrers = lists[subject.digest] ?? listed.get(subject.digest) ?? [];
      return Promise.resolve({
        subject,
        referrers,
        source: 'api',
        legacy: [],
        filterAppliedBy: 'none',
        pages: 1,
        host: 'test',
        attempts: [],
        warnings: [],
      });
    },
  };
  return { source, fetched };
}

const image = buildImage();
const sbom = buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: 'sbom' });
const signature = buildArtifact({ artifactType: signatureType, subject: sbom.descriptor, content: 'signature' });

describe('the closure of an image', () => {
  it('holds referrers of referrers, each manifest fetched once', async () => {
    const { source, fetched } = sourceOf([image, sbom, signature]);
    const graph = await discoverReferrers(source, image.descriptor);
    expect([...graph.nodes.keys()]).toEqual([image, sbom, signature].map(({ descriptor }) => descriptor.digest));
    expect(graph.subjects.map(({ subject, referrers }) => [subject.digest, referrers.length])).toEqual([
      [image.descriptor.digest, 1],
      [sbom.descriptor.digest, 1],
      [signature.descriptor.digest, 0],
    ]);
    expect(fetched.sort()).toEqual([...new Set(fetched)].sort());
  });

  it('holds platforms and nested indexes with their referrers, or the platforms that were asked for', async () => {
    const amd64 = buildImage({ platform: { os: 'linux', architecture: 'amd64' } });
    const arm64 = buildImage({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
    const index = buildIndex([buildIndex([amd64]), arm64]);
    const onArm = buildArtifact({ artifactType: sbomType, subject: arm64.descriptor, content: 'arm' });
    const { source } = sourceOf([index, onArm]);
    expect((await discoverReferrers(source, index.descriptor)).nodes.size).toBe(5);

    const wide = buildIndex([amd64, arm64]);
    const { source: flat } = sourceOf([wide, onArm]);
    const chosen = await discoverReferrers(flat, wide.descriptor, { platforms: ['linux/amd64'] });
    expect([...chosen.nodes.keys()]).toEqual([wide.descriptor.digest, amd64.descriptor.digest]);
    const arm = await discoverReferrers(flat, wide.descriptor, { platforms: ['linux/arm64'] });
    expect([...arm.nodes.keys()]).toContain(onArm.descriptor.digest);
  });

  it('refuses an option it does not know, and one that is out of range', async () => {
    const { source, fetched } = sourceOf([image]);
    const cases = [
      [{ artifactType: [sbomType] }, 'artifactType'],
      [{ platforms: 'linux/amd64' }, 'platforms'],
      [{ concurrency: 65 }, 'concurrency'],
      [{ maxDepth: 0 }, 'maxDepth'],
      [{ limits: { maxPage: 1 } }, 'limits.maxPage'],
    ] as const;
    for (const [options, argument] of cases) {
      const wrong = options as unknown as WalkOptions;
      await expect(discoverReferrers(source, image.descriptor, wrong)).rejects.toMatchObject({
        code: 'ERR_OCI_INVALID_OPTION',
        argument,
      });
    }
    expect(fetched).toEqual([]);
  });

  it('refuses a platform the index does not have, and names those it has', async () => {
    const amd64 = buildImage({ platform: { os: 'linux', architecture: 'amd64' } });
    const arm64 = buildImage({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
    const index = buildIndex([arm64, amd64]);
    const { source } = sourceOf([index]);
    const platforms = ['linux/amd64', 'linux/amd46', 'linux/s390x'];
    await expect(discoverReferrers(source, index.descriptor, { platforms })).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument: 'platforms',
      message: expect.stringContaining('linux/amd46, linux/s390x') as string,
      hint: expect.stringContaining('linux/amd64, linux/arm64/v8') as string,
    });
  });

  it('refuses to choose a platform where the root is a single manifest', async () => {
    const { source } = sourceOf([image]);
    const platforms = ['linux/amd64'];
    for (const onDiscoveryError of ['fail', 'warn'] as const) {
      await expect(discoverReferrers(source, image.descriptor, { platforms, onDiscoveryError })).rejects.toMatchObject({
        code: 'ERR_OCI_INVALID_OPTION',
        argument: 'platforms',
        message: expect.stringContaining('single manifest') as string,
      });
    }
    expect((await discoverReferrers(source, image.descriptor, { platforms: [] })).nodes.size).toBe(1);
  });

  it('takes types from manifests, whatever the list says, and filters by them', async () => {
    const lied = { [image.descriptor.digest]: [{ ...sbom.descriptor, artifactType: signatureType }] };
    const { source } = sourceOf([image, sbom], lied);
    const kept = await discoverReferrers(source, image.descriptor, { artifactTypes: [sbomType] });
    expect(kept.subjects[0]).toMatchObject({ found: 1, filtered: 0, referrers: [{ artifactType: sbomType }] });
    const left = await discoverReferrers(source, image.descriptor, { excludeArtifactTypes: [sbomType] });
    expect(left.subjects[0]).toMatchObject({ found: 1, filtered: 1, referrers: [] });
    expect(left.nodes.size).toBe(1);
  });

  it('leaves out what is listed and names another subject, and says so', async () => {
    const lists = { [image.descriptor.digest]: [signature.descriptor] };
    const { source } = sourceOf([image, sbom, signature], lists);
    const graph = await discoverReferrers(source, image.descriptor);
    expect(graph.nodes.size).toBe(1);
    expect(graph.warnings).toEqual([expect.stringContaining(`names ${sbom.descriptor.digest}`)]);
  });

  it('ends when a registry lists in a circle', async () => {
    const lists = { [image.descriptor.digest]: [sbom.descriptor], [sbom.descriptor.digest]: [sbom.descriptor] };
    const { source } = sourceOf([image, sbom], lists);
    expect((await discoverReferrers(source, image.descriptor)).nodes.size).toBe(2);
  });

  it('is never cut short: every bound throws', async () => {
    const { source } = sourceOf([image, sbom, signature]);
    for (const bound of [{ maxDepth: 1 }, { maxNodes: 2 }, { maxGraphBytes: 100 }]) {
      await expect(discoverReferrers(source, image.descriptor, bound)).rejects.toMatchObject({
        code: 'ERR_OCI_LIMIT_EXCEEDED',
        limitName: Object.keys(bound)[0],
      });
    }
  });

  it('fails when a listed referrer is not there, or with warn says that the list is incomplete', async () => {
    const gone = { ...sbom.descriptor, digest: `sha256:${'0'.repeat(64)}` };
    const lists = { [image.descriptor.digest]: [gone, sbom.descriptor] };
    const { source } = sourceOf([image, sbom], lists);
    await expect(discoverReferrers(source, image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_INCONSISTENT',
      message: expect.stringContaining(gone.digest) as string,
    });
    const graph = await discoverReferrers(source, image.descriptor, { onDiscoveryError: 'warn' });
    expect(graph.subjects[0]).toMatchObject({ complete: false, found: 2 });
    expect(graph.subjects[0]?.referrers).toHaveLength(1);
    expect(graph.warnings).toEqual([expect.stringContaining('incomplete')]);
  });

  it('stops with the reason of the signal', async () => {
    const reason = new Error('enough');
    const { source } = sourceOf([image]);
    await expect(discoverReferrers(source, image.descriptor, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
  });
});
