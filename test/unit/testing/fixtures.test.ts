import { array, constantFrom, jsonValue, property, assert as propertyAssert, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { assertDescriptor } from '../../../src/oci/descriptor.js';
import { digestOf } from '../../../src/oci/digest.js';
import { artifactTypeOf, blobsBelow, manifestsBelow, parseManifest, subjectOf } from '../../../src/oci/manifest.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import { buildArtifact, buildImage, buildIndex, startRegistry, type TestContent } from '../../../src/testing/index.js';
import { readManifestFacts } from '../../../src/testing/manifest-facts.js';

function parse({ manifest, descriptor }: TestContent): ReturnType<typeof parseManifest> {
  assertDescriptor(descriptor);
  expect(descriptor.size).toBe(manifest.length);
  return parseManifest(manifest, descriptor.mediaType, 'the fixture');
}

test('an image has right digests and sizes, and the same bytes each time', () => {
  propertyAssert(
    property(array(uint8Array(), { maxLength: 4 }), (layers) => {
      const image = buildImage({ layers });
      expect(blobsBelow(parse(image))).toEqual(image.blobs.map((blob) => blob.descriptor));
      for (const { descriptor, bytes } of image.blobs) {
        expect([descriptor.digest, descriptor.size]).toEqual([digestOf(bytes), bytes.length]);
      }
      expect(buildImage({ layers })).toEqual(image);
    }),
  );
});

test('an index lists its images with their platforms', () => {
  const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
  const index = buildIndex([buildImage(), buildImage({ platform })], { annotations: { a: 'b' } });
  const children = manifestsBelow(parse(index));
  expect(children.map((child) => child.platform)).toEqual([undefined, platform]);
  expect(index.descriptor).toMatchObject({ mediaType: mediaTypes.ociIndex, annotations: { a: 'b' } });
});

test('an artifact names its subject by type, digest and size alone', () => {
  const image = buildImage({ platform: { os: 'linux', architecture: 'amd64' } });
  const sbom = buildArtifact({
    artifactType: 'application/spdx+json',
    contentType: 'text/spdx',
    subject: image.descriptor,
    content: 'SPDX',
    annotations: { made: 'today' },
    algorithm: 'sha512',
  });
  const parsed = parse(sbom);
  expect(artifactTypeOf(parsed)).toBe('application/spdx+json');
  const { mediaType, digest, size } = image.descriptor;
  expect(subjectOf(parsed)).toEqual({ mediaType, digest, size });
  expect(blobsBelow(parsed).map((child) => child.mediaType)).toEqual([mediaTypes.ociEmpty, 'text/spdx']);
  expect(sbom.descriptor).toMatchObject({ artifactType: 'application/spdx+json', annotations: { made: 'today' } });
  expect(sbom.descriptor.digest).toMatch(/^sha512:/);
});

test('an index is put into a repository with all its images and their blobs', async () => {
  await using registry = await startRegistry();
  const images = ['amd64', 'arm64'].map((architecture) => buildImage({ platform: { os: 'linux', architecture } }));
  const index = buildIndex(images);
  expect(registry.store.add('team/app', index, { tag: '1.0' })).toEqual(index.descriptor);
  const { manifests, blobs, tags } = registry.store.repository('team/app');
  expect([...manifests.keys()].sort()).toEqual([index, ...images].map((one) => one.descriptor.digest).sort());
  for (const blob of images.flatMap((image) => image.blobs))
    expect(blobs.get(blob.descriptor.digest)).toEqual(blob.bytes);
  expect(tags.get('1.0')).toBe(index.descriptor.digest);
});

test('names that no registry takes are refused by the store', async () => {
  await using registry = await startRegistry();
  expect(() => registry.store.add('Team/App', buildImage())).toThrow('repository "Team/App"');
  expect(() => registry.store.add('team/app', buildImage(), { tag: 'a b' })).toThrow('tag "a b"');
});

test('the facts of a manifest are read from anything without a fault', () => {
  const types = constantFrom(mediaTypes.ociManifest, mediaTypes.ociIndex, '');
  propertyAssert(
    property(uint8Array(), types, (bytes, type) => {
      readManifestFacts(bytes, type);
    }),
  );
  propertyAssert(
    property(jsonValue(), jsonValue(), jsonValue(), types, (subject, config, layers, type) => {
      const facts = readManifestFacts(Buffer.from(JSON.stringify({ subject, config, layers })), type);
      expect(facts?.blobs.every((digest) => digest !== '')).toBe(true);
    }),
  );
});
