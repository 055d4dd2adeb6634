import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buildImage, type TestContent } from '@stellaops/oci-referrers/testing';
import { beforeAll, expect, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleWriterOptions } from '../../../src/bundle/bundle-writer-options.js';
import { readBundleRecord } from '../../../src/bundle/read-record.js';
import type { BundleRecord } from '../../../src/bundle/record.js';
import { digestOf } from '../../../src/oci/digest.js';
import { appReference, MemorySource, temporaryDirectory } from '../bundle-write/helpers.js';
import { bytesOf, codesOf, onlyFinding, validate } from './bundles.js';
import { forged } from './forge.js';

const shared = Buffer.alloc(500, 'shared');
const images = ['one', 'two', 'three'].map((text) => buildImage({ layers: [shared, Buffer.from(text)] }));
let bundles: readonly Buffer[] = [];
let records: readonly BundleRecord[] = [];

async function bundleOf(content: TestContent | undefined, options: BundleWriterOptions): Promise<Buffer> {
  if (content === undefined) throw new Error('no such image');
  const writer = new BundleWriter({ compression: 'none', ...options });
  writer.add({ source: new MemorySource([content]), reference: appReference, descriptor: content.descriptor });
  return await bytesOf(writer);
}

beforeAll(async () => {
  const made: { bytes: Buffer; record: BundleRecord }[] = [];
  for (const image of images) {
    const bytes = await bundleOf(image, { base: made.at(-1)?.record });
    made.push({ bytes, record: await readBundleRecord(Readable.from([bytes])) });
  }
  bundles = made.map(({ bytes }) => bytes);
  records = made.map(({ record }) => record);
});

const delta = (): Buffer => bundles[1] ?? Buffer.alloc(0);

test('what a delta leaves out is a warning each, and nothing at all with the base it builds on', async () => {
  const alone = await validate(delta());
  expect([alone.ok, codesOf(alone)]).toEqual([true, ['ExternalBlob']]);
  const [first, second] = records;
  expect(await validate(delta(), { base: first, strict: true })).toMatchObject({ ok: true, findings: [] });
  const chained = await validate(bundles[2] ?? delta(), { base: second, strict: true });
  expect(chained).toMatchObject({ ok: true, findings: [], bundle: { previousBundleId: second?.bundleId } });
});

test('a base may be the path of its file, which is validated itself', async () => {
  const path = `${await temporaryDirectory()}/base.tar`;
  const [first] = bundles;
  await writeFile(path, first ?? '');
  expect((await validate(delta(), { base: path })).findings).toEqual([]);
  const damaged = await readFile(path);
  damaged[damaged.indexOf(shared)] = 0;
  await writeFile(path, damaged);
  const refused = {
    code: 'ERR_OCI_BUNDLE_INVALID',
    path,
    message: expect.stringContaining('BlobChecksumMismatch') as string,
  };
  await expect(validate(delta(), { base: path })).rejects.toMatchObject(refused);
});

test('a base that expired after it was imported is still one', async () => {
  const expiresAt = '2020-01-01T00:00:00Z';
  const expired = await bundleOf(images[0], { expiresAt });
  const path = `${await temporaryDirectory()}/base.tar`;
  await writeFile(path, expired);
  expect(codesOf(await validate(expired))).toEqual(['BundleExpired']);
  expect((await validate(delta(), { base: path })).ok).toBe(true);
});

test('another base than the one a bundle builds on is an error, and what is left out is said again', async () => {
  const report = await validate(delta(), { base: records[2] });
  expect(codesOf(report)).toEqual(['BaseMismatch', 'ExternalBlob']);
  expect(report.findings[0]).toMatchObject({ expected: records[0]?.bundleId, actual: records[2]?.bundleId });
  const full = await validate(bundles[0] ?? delta(), { base: records[2] });
  expect(onlyFinding(full)).toMatchObject({ code: 'BaseMismatch', severity: 'error', expected: 'none' });
});

test('a blob that is left to the base and is not there, or not in that size, is an error naming it', async () => {
  const [base] = records;
  const digest = records[1]?.external[0]?.digest;
  for (const size of [undefined, 1]) {
    const bytes = await forged(delta(), ({ record }) => {
      if (size === undefined) record.external.push({ digest: `sha256:${'0'.repeat(64)}`, size: 9, reason: 'delta' });
      else for (const blob of record.external) if (blob.digest === digest) blob.size = size;
    });
    const report = await validate(bytes, { base });
    const found = report.findings.find(({ code }) => code === 'BaseMismatch');
    expect(found).toMatchObject(size === undefined ? { expected: '9', actual: 'none' } : { expected: '1', digest });
  }
});

test('a layer whose licence keeps it where it is stays a warning, whatever the base has', async () => {
  const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  const image = buildImage({ layers: [shared] });
  const { layers, ...manifest } = JSON.parse(Buffer.from(image.manifest).toString()) as { layers: object[] };
  const licensed = Buffer.from(JSON.stringify({ ...manifest, layers: layers.map((one) => ({ ...one, mediaType })) }));
  const descriptor = { ...image.descriptor, digest: digestOf(licensed), size: licensed.length };
  const bytes = await bundleOf({ ...image, descriptor, manifest: licensed }, { base: records[0] });
  expect(codesOf(await validate(bytes, { base: records[0] }))).toEqual(['ExternalBlob']);
});

test('a layer that is said to stay where it is for its licence, and whose type does not say so, is missing', async () => {
  const bytes = await forged(delta(), ({ record }) => {
    for (const blob of record.external) blob.reason = 'nondistributable';
  });
  const report = await validate(bytes, { base: records[0] });
  expect(report.ok).toBe(false);
  expect(codesOf(report)).toEqual(['BlobMissing', 'ExternalBlob']);
});
