import { digestOf, discoverReferrers, referrersTag } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, buildIndex } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, repository } from './setup.js';

// What both specifications ask of a client about lists and manifests, where no other test is about it; docs/spec-map.md.

describe('the list of tags', () => {
  it('is read along its links to the last page, and asked for no number of tags', async () => {
    await using scene = await openScene({ tagsPageSize: 2 }, { legacyTags: true });
    const prefix = referrersTag(scene.image.descriptor.digest);
    for (const suffix of ['a', 'b', 'c', 'd', 'e']) {
      const content = buildImage({ layers: [Buffer.from(suffix)] });
      scene.registry.store.add(repository, content, { tag: `${prefix}.${suffix}` });
    }
    const { legacy } = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(legacy.map(({ tag }) => tag.slice(prefix.length + 1))).toEqual(['a', 'b', 'c', 'd', 'e']);
    const pages = scene.registry.requests.filter(({ endpoint }) => endpoint === 'tags');
    expect(pages[0]?.query.size).toBe(0);
    expect(pages).toHaveLength(3);
  });
});

describe('what nobody here has heard of', () => {
  it('is no fault: artifact types, media types inside an index, keys of annotations and descriptors', async () => {
    await using scene = await openScene();
    const { store } = scene.registry;
    const exotic = {
      mediaType: 'application/vnd.example.exotic',
      digest: `sha256:${'5'.repeat(64)}`,
      size: 5,
      data: 'e',
    };
    const annotations = { 'com.example.new': '' };
    const plain = Buffer.from(buildIndex([scene.image], { annotations }).manifest).toString();
    const bytes = Buffer.from(plain.replace('"manifests":[', `"manifests":[${JSON.stringify(exotic)},`));
    const descriptor = {
      mediaType: 'application/vnd.oci.image.index.v1+json',
      digest: digestOf(bytes),
      size: bytes.length,
    };
    store.putManifest(repository, descriptor.digest, bytes, descriptor.mediaType);
    const artifact = buildArtifact({
      artifactType: 'application/x-new',
      subject: descriptor,
      content: '',
      annotations,
    });
    store.add(repository, artifact);
    const graph = await discoverReferrers(scene.fetcher, descriptor);
    const found = [descriptor, scene.image.descriptor, artifact.descriptor].map((each) => each.digest);
    expect([...graph.nodes.keys()].sort()).toEqual(found.sort());
  });
});
