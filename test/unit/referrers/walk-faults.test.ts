import { type Descriptor, discoverReferrers, type ReferrersSource, referrersTag } from '@stellaops/oci-referrers';
import { buildImage, buildIndex } from '@stellaops/oci-referrers/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openScene, repository, sbomType } from '../remotes/setup.js';

const platform = buildImage({ platform: { os: 'linux', architecture: 'arm64' } });
const index = buildIndex([platform]);

describe('a walk that leaves faults for later (onDiscoveryError: warn)', () => {
  it('still throws when a part of the image itself cannot be read: it would be left out', async () => {
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.reference === platform.descriptor.digest ? { status: 500, headers: {} } : answer,
    });
    scene.registry.store.add(repository, index);
    const walk = discoverReferrers(scene.fetcher, index.descriptor, { onDiscoveryError: 'warn' });
    await expect(walk).rejects.toMatchObject({ code: 'ERR_OCI_REGISTRY_STATUS', status: 500 });
  });

  it('still throws when a list reaches a bound', async () => {
    await using scene = await openScene({}, { limits: { maxReferrers: 1 } });
    for (const content of ['a', 'b']) scene.addReferrer(sbomType, content);
    const walk = discoverReferrers(scene.fetcher, scene.image.descriptor, { onDiscoveryError: 'warn' });
    await expect(walk).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED', limitName: 'maxReferrers' });
  });
});

describe('a walk in which a host lists by its API and denies to have it', () => {
  const mixed = async (): Promise<{ image: Descriptor; source: ReferrersSource }> => {
    const scene = await openScene();
    onTestFinished(() => scene[Symbol.asyncDispose]());
    scene.addReferrer(sbomType, 'sbom');
    const { fetcher } = scene;
    const listReferrers: ReferrersSource['listReferrers'] = async (subject, options) => {
      const list = await fetcher.listReferrers(subject, options);
      return subject.digest === scene.image.descriptor.digest ? list : { ...list, source: 'tag-schema' };
    };
    return { image: scene.image.descriptor, source: { ...fetcher, listReferrers } };
  };

  it('is an error: the list from the tag may be short', async () => {
    const { image, source } = await mixed();
    await expect(discoverReferrers(source, image)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_INCONSISTENT',
    });
  });

  it('says with onDiscoveryError: warn that this list is incomplete', async () => {
    const { image, source } = await mixed();
    const graph = await discoverReferrers(source, image, { onDiscoveryError: 'warn' });
    expect(graph.subjects.map(({ complete }) => complete)).toEqual([true, false]);
    expect(graph.warnings).toEqual([expect.stringContaining('ERR_OCI_REFERRERS_INCONSISTENT')]);
  });
});

describe("cosign's older tags in a walk", () => {
  it('tie an artifact to the subject they name, not to the one they are listed for', async () => {
    await using scene = await openScene();
    const signature = buildImage({ layers: [Buffer.from('signature')] });
    scene.registry.store.add(repository, signature);
    const { fetcher } = scene;
    for (const [name, kept] of [
      [scene.image.descriptor.digest, 1],
      [platform.descriptor.digest, 0],
    ] as const) {
      const legacy = [{ tag: `${referrersTag(name)}.sig`, descriptor: signature.descriptor }];
      const source: ReferrersSource = {
        ...fetcher,
        listReferrers: async (subject, options) => {
          const list = await fetcher.listReferrers(subject, options);
          return subject.digest === scene.image.descriptor.digest ? { ...list, legacy } : list;
        },
      };
      const { subjects } = await discoverReferrers(source, scene.image.descriptor);
      expect(subjects[0]?.referrers).toHaveLength(kept);
      expect(subjects[0]?.filtered).toBe(1 - kept);
    }
  });
});
