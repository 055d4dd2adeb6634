import { Readable } from 'node:stream';
import { buildArtifact, buildImage, type TestContent } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { diffBundles } from '../../../src/bundle/diff-bundles.js';
import { readBundleRecord } from '../../../src/bundle/read-record.js';
import type { BundleRecord } from '../../../src/bundle/record.js';
import { bytesOf } from '../bundle-read/bundles.js';
import { MemorySource, sbomType, signatureType, signedApp } from './helpers.js';

const app = signedApp();
const other = buildImage({ layers: [Buffer.from('another layer\n')] });
const host = 'registry.example.com/team';

async function recordOf(contents: readonly TestContent[], images: Record<string, TestContent>): Promise<BundleRecord> {
  const source = new MemorySource(contents);
  const writer = new BundleWriter();
  for (const [name, { descriptor }] of Object.entries(images)) {
    writer.add({ source, reference: `${host}/${name}`, descriptor });
  }
  return await readBundleRecord(Readable.from([await bytesOf(writer)]));
}

const before = await recordOf(app.all, { 'app:1': app.image });
const digests = (items: readonly { readonly digest: string }[]): readonly string[] => items.map(({ digest }) => digest);

test('two bundles of the same content are the same', async () => {
  const again = await recordOf(app.all, { 'app:1': app.image });
  expect(diffBundles(before, again)).toMatchObject({
    same: true,
    ids: [before.bundleId, before.bundleId],
    members: [],
    referrers: [],
    content: { added: [], removed: [], leftOut: [], addedBytes: 0 },
  });
});

test('images that came, went and moved are told apart', async () => {
  const left = await recordOf([app.image, other], { 'app:1': app.image, 'app:2': app.image });
  const right = await recordOf([app.image, other], { 'app:1': other, 'app:3': app.image });
  const { images, same } = diffBundles(left, right);
  expect(images.added.map(({ reference }) => reference)).toEqual([`${host}/app:3`]);
  expect(images.removed.map(({ reference }) => reference)).toEqual([`${host}/app:2`]);
  expect(images.moved).toMatchObject([
    { reference: `${host}/app:1`, before: app.image.descriptor, after: { digest: other.descriptor.digest } },
  ]);
  expect([images.platforms, same]).toEqual([[], false]);
});

test('referrers are compared list by list, and content once', async () => {
  const vex = buildArtifact({ artifactType: 'application/vex+json', subject: app.image.descriptor, content: 'vex' });
  const after = await recordOf([app.image, app.sbom, vex], { 'app:1': app.image });
  const { referrers, content } = diffBundles(before, after);
  const bySubject = new Map(referrers.map((list) => [list.subject, list]));
  expect(bySubject.size).toBe(2);
  expect(digests(bySubject.get(app.image.descriptor.digest)?.added ?? [])).toEqual([vex.descriptor.digest]);
  expect(digests(bySubject.get(app.sbom.descriptor.digest)?.removed ?? [])).toEqual([app.signature.descriptor.digest]);
  expect(referrers.map(({ repository }) => repository)).toEqual([`${host}/app`, `${host}/app`]);
  expect(digests(content.added)).toContain(vex.descriptor.digest);
  expect(digests(content.removed)).toContain(app.signature.descriptor.digest);
  expect(content.removedBytes).toBe(content.removed.reduce((sum, { size }) => sum + size, 0));
});

test('a referrer with another type is neither new nor gone', () => {
  const retyped = JSON.parse(JSON.stringify(before).replaceAll(sbomType, signatureType)) as BundleRecord;
  const [list] = diffBundles(before, retyped).referrers;
  expect(list).toMatchObject({ subject: app.image.descriptor.digest, added: [], removed: [] });
  expect(list?.changed.map((one) => [one.before.artifactType, one.after.artifactType])).toEqual([
    [sbomType, signatureType],
  ]);
});

test('content that a delta leaves out is not gone', () => {
  const layer = before.entries.find(({ path, mediaType }) => path.startsWith('blobs/') && mediaType === undefined);
  if (layer === undefined) throw new Error('the fixture has no layer');
  const { digest, size } = layer;
  const delta: BundleRecord = {
    ...before,
    bundleId: other.descriptor.digest,
    previousBundleId: before.bundleId,
    entries: before.entries.filter((entry) => entry !== layer),
    external: [{ digest, size, reason: 'delta' }],
  };
  const diff = diffBundles(before, delta);
  expect(diff).toMatchObject({ same: false, buildsOn: true, content: { removed: [], leftOutBytes: size } });
  expect(digests(diff.content.leftOut)).toEqual([digest]);
  expect(diffBundles(delta, before)).toMatchObject({ buildsOn: false, content: { addedBytes: size } });
});

test('platforms and plain members of the record are compared too', () => {
  const [image] = before.images;
  if (image === undefined) throw new Error('the fixture has no image');
  const platforms = { included: ['linux/amd64'], missing: [] };
  const after = { ...before, expiresAt: '2027-01-01T00:00:00Z', images: [{ ...image, platforms }] };
  const diff = diffBundles(before, after);
  expect(diff.members).toEqual(['expiresAt', 'images']);
  expect(diff.images).toMatchObject({ moved: [], platforms: [{ reference: `${host}/app:1`, after: { platforms } }] });
});
