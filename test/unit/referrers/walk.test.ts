import { type ReferrerNode, type WalkReferrersOptions, walkReferrers } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, buildIndex } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, repository, type Scene, sbomType, signatureType } from '../remotes/setup.js';

async function collect(scene: Scene, options?: WalkReferrersOptions): Promise<readonly ReferrerNode[]> {
  const nodes: ReferrerNode[] = [];
  for await (const node of walkReferrers(scene.fetcher, scene.image.descriptor, options)) nodes.push(node);
  return nodes;
}

function manifestRequests(scene: Scene): readonly string[] {
  return scene.registry.requests.flatMap(({ endpoint, reference }) =>
    endpoint === 'manifest' && reference !== undefined ? [reference] : [],
  );
}

describe('walking the closure of an image one manifest at a time', () => {
  it('gives each manifest once, verified, the root first and every manifest before what refers to it', async () => {
    await using scene = await openScene();
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const signature = buildArtifact({ artifactType: signatureType, subject: sbom.descriptor, content: 'signature' });
    scene.registry.store.add(repository, signature);
    const nodes = await collect(scene);
    expect(nodes.map(({ role, depth, subject, descriptor }) => [role, depth, subject, descriptor.digest])).toEqual([
      ['root', 0, undefined, scene.image.descriptor.digest],
      ['referrer', 1, scene.image.descriptor.digest, sbom.descriptor.digest],
      ['referrer', 2, sbom.descriptor.digest, signature.descriptor.digest],
    ]);
    expect(nodes[1]?.bytes.equals(sbom.manifest)).toBe(true);
    const asked = manifestRequests(scene);
    expect(asked).toEqual([...new Set(asked)]);
  });

  it('gives the manifests of an index as its children', async () => {
    await using scene = await openScene();
    const index = buildIndex([scene.image, buildImage({ platform: { os: 'linux', architecture: 'arm64' } })]);
    scene.registry.store.add(repository, index);
    const roles: string[] = [];
    for await (const { role } of walkReferrers(scene.fetcher, index.descriptor)) roles.push(role);
    expect(roles).toEqual(['root', 'child', 'child']);
  });

  it('gives the tag with what only an older tag carries', async () => {
    await using scene = await openScene();
    const tag = `${scene.image.descriptor.digest.replace(':', '-')}.sig`;
    scene.registry.store.add(repository, buildImage({ layers: [Buffer.from('signature')] }), { tag });
    expect((await collect(scene, { legacyTags: true })).map((node) => node.tag)).toEqual([undefined, tag]);
  });

  it('throws from the iteration when a list cannot be had, after what was verified', async () => {
    await using scene = await openScene({
      rewrite: (request, answer) => (request.endpoint === 'referrers' ? { status: 503, headers: {} } : answer),
    });
    const seen: string[] = [];
    const walking = (async () => {
      for await (const { role } of walkReferrers(scene.fetcher, scene.image.descriptor)) seen.push(role);
    })();
    await expect(walking).rejects.toMatchObject({ code: 'ERR_OCI_REGISTRY_STATUS', status: 503 });
    expect(seen.length).toBeLessThanOrEqual(1);
  });

  it('throws when a bound is reached, instead of just ending', async () => {
    await using scene = await openScene();
    scene.addReferrer(sbomType, 'sbom');
    await expect(collect(scene, { maxNodes: 1 })).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED' });
  });

  it('stops asking once the reader has left', async () => {
    await using scene = await openScene();
    for (let at = 0; at < 20; at++) scene.addReferrer(sbomType, `sbom ${at}`);
    for await (const { role } of walkReferrers(scene.fetcher, scene.image.descriptor, { concurrency: 1 })) {
      expect(role).toBe('root');
      break;
    }
    // Whatever was still under way has been seen by the registry before this answer.
    await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(scene.registry.requests.length).toBeLessThan(20);
  });

  it.each([new Error('enough'), 'enough'])('ends with the reason of the signal, %s', async (reason) => {
    await using scene = await openScene();
    scene.addReferrer(sbomType, 'sbom');
    const stop = new AbortController();
    const walking = (async () => {
      for await (const { role } of walkReferrers(scene.fetcher, scene.image.descriptor, { signal: stop.signal })) {
        if (role === 'root') stop.abort(reason);
      }
    })();
    await expect(walking).rejects.toBe(reason);
  });

  it('says what was left out, and passes on what its listener throws', async () => {
    await using scene = await openScene();
    const stranger = buildArtifact({
      artifactType: sbomType,
      subject: buildImage({ layers: [Buffer.from('other')] }).descriptor,
      content: 'of another image',
    });
    scene.registry.store.add(repository, stranger);
    scene.registry.store.setReferrersTag(repository, scene.image.descriptor, [stranger.descriptor]);
    const warnings: string[] = [];
    const onWarning = (warning: string): void => {
      warnings.push(warning);
    };
    expect(await collect(scene, { includeTagSchema: true, onWarning })).toHaveLength(1);
    expect(warnings).toContainEqual(expect.stringMatching(/is listed as its referrer but names sha256:.*left out/));
    const fault = new Error('listener');
    const failing = (): never => {
      throw fault;
    };
    await expect(collect(scene, { includeTagSchema: true, onWarning: failing })).rejects.toBe(fault);
  });

  it('refuses an option it does not know before anything is asked, and to leave faults for later', async () => {
    await using scene = await openScene();
    for (const wrong of [{ artifactType: sbomType }, { onDiscoveryError: 'warn' }]) {
      const walk = (): unknown =>
        walkReferrers(scene.fetcher, scene.image.descriptor, wrong as unknown as WalkReferrersOptions);
      expect(walk).toThrow(expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION' }));
    }
    expect(scene.registry.requests).toEqual([]);
  });
});
