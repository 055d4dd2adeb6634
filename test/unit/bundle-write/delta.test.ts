import { buildArtifact, buildImage, type TestContent } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleWriterOptions } from '../../../src/bundle/bundle-writer-options.js';
import type { ProgressEvent } from '../../../src/bundle/progress.js';
import { readBundleRecord } from '../../../src/bundle/read-record.js';
import type { BundleBase, BundleRecord } from '../../../src/bundle/record.js';
import { digestOf } from '../../../src/oci/digest.js';
import { appReference, MemorySource, temporaryDirectory } from './helpers.js';

const shared = Buffer.alloc(5000, 'shared');
const first = buildImage({ layers: [shared, Buffer.from('one')] });
const second = buildImage({ layers: [shared, Buffer.from('two')] });
const third = buildImage({ layers: [shared, Buffer.from('two'), Buffer.from('three')] });
const digests = (content: TestContent): readonly string[] => content.blobs.map(({ descriptor }) => descriptor.digest);

/** Writes a bundle of one image and reads its record back. */
async function bundleOf(
  content: TestContent,
  options: BundleWriterOptions = {},
  reference = appReference,
): Promise<{ record: BundleRecord; writer: BundleWriter; source: MemorySource; path: string }> {
  const source = new MemorySource([content]);
  const writer = new BundleWriter(options).add({ source, reference, descriptor: content.descriptor });
  const path = `${await temporaryDirectory()}/bundle.tgz`;
  await writer.write(path);
  return { record: await readBundleRecord(path), writer, source, path };
}

test('a delta leaves out the blobs of its base, names it, and fetches only what is new', async () => {
  const base = (await bundleOf(first)).record;
  const events: ProgressEvent[] = [];
  const { record, source, writer } = await bundleOf(second, { base, onProgress: (event) => events.push(event) });
  const left = digests(second).filter((digest) => digests(first).includes(digest));
  expect(left).toHaveLength(1);
  expect(record.previousBundleId).toBe(base.bundleId);
  expect(record.external.map(({ digest, reason }) => [digest, reason])).toEqual(
    left.sort().map((one) => [one, 'delta']),
  );
  expect(record.entries.filter(({ digest }) => left.includes(digest))).toEqual([]);
  expect(source.fetched.filter((digest) => left.includes(digest))).toEqual([]);
  const plan = await writer.plan();
  const sumOf = (sizes: readonly { size: number }[]): number => sizes.reduce((sum, { size }) => sum + size, 0);
  const leftBytes = sumOf(record.external);
  const blobBytes = sumOf(second.blobs.map(({ descriptor }) => descriptor)) - leftBytes;
  const counts = { blobs: 2, external: 1 };
  expect(plan).toMatchObject({ previousBundleId: base.bundleId, deltaBytes: leftBytes, blobBytes, counts });
  const said = `1 blobs of ${leftBytes} bytes are left to bundle ${base.bundleId}`;
  expect(plan.warnings).toEqual([expect.stringContaining(said)]);
  expect(events[0]).toEqual({ type: 'plan', totalBytes: blobBytes, totalBlobs: 2 });
});

test('manifests are never left out, not even when the base has all of them', async () => {
  const base = (await bundleOf(first)).record;
  const { record } = await bundleOf(first, { base });
  expect(record.entries.map(({ digest }) => digest)).toContain(first.descriptor.digest);
  expect(record.external.map(({ digest }) => digest)).toEqual([...digests(first)].sort());
});

test('a delta of a delta leaves out what either of them has', async () => {
  const one = (await bundleOf(first)).record;
  const two = (await bundleOf(second, { base: one })).record;
  const { record } = await bundleOf(third, { base: two });
  const known = new Set([...digests(first), ...digests(second)]);
  expect(record.external.map(({ digest }) => digest)).toEqual(
    digests(third)
      .filter((one) => known.has(one))
      .sort(),
  );
  expect(record.previousBundleId).toBe(two.bundleId);
});

test('a blob is carried again for a repository that the base has no image of', async () => {
  const base = (await bundleOf(first)).record;
  const { record } = await bundleOf(second, { base }, 'registry.example.com/team/other:1');
  expect(record.external).toEqual([]);
  expect(record.previousBundleId).toBe(base.bundleId);
});

test('what an artifact carries as a blob and the base as a manifest is not left to the base', async () => {
  const base = (await bundleOf(first)).record;
  const carrier = buildImage({ layers: [Buffer.from(first.manifest)] });
  const { record } = await bundleOf(carrier, { base });
  expect(record.external.map(({ digest }) => digest)).not.toContain(first.descriptor.digest);
});

test('a blob that the base has with another size is refused: one of the manifests is wrong', async () => {
  const { record } = await bundleOf(first);
  const lie = buildArtifact({ artifactType: 'a/b', subject: first.descriptor, content: 'x' });
  const manifest = JSON.parse(Buffer.from(lie.manifest).toString()) as { layers: { digest: string; size: number }[] };
  manifest.layers = [{ ...manifest.layers[0], digest: digests(first)[0] ?? '', size: 1 }];
  const bytes = Buffer.from(JSON.stringify(manifest));
  const wrong = {
    ...lie,
    manifest: bytes,
    descriptor: { ...lie.descriptor, digest: digestOf(bytes), size: bytes.length },
  };
  const source = new MemorySource([wrong]);
  const writer = new BundleWriter({ base: record });
  writer.add({ source, reference: appReference, descriptor: wrong.descriptor });
  await expect(writer.plan()).rejects.toMatchObject({ code: 'ERR_OCI_SIZE_MISMATCH' });
});

test.each<[string, (base: BundleBase) => object]>([
  ['has another id than its entries', (base) => ({ ...base, entries: base.entries.slice(1) })],
  ['is no record', () => ({ bundleId: 'sha256:1' })],
  ['has an entry without a size', ({ bundleId }) => ({ bundleId, images: [], external: [], entries: [{ path: 'a' }] })],
])('a base that %s is an option error', async (_what, change) => {
  const base = change((await bundleOf(first)).record) as BundleBase;
  expect(() => new BundleWriter({ base })).toThrow(
    expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION', message: expect.stringContaining('base') as string }),
  );
});
