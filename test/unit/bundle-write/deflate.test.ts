import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { buildArtifact, buildImage } from '@stellaops/oci-referrers/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BundleReader } from '../../../src/bundle/bundle-reader.js';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { type ArchivePiece, deflatedGzip } from '../../../src/bundle/gzip-deflated.js';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { digestOf } from '../../../src/oci/digest.js';
import { piecesOf } from '../bundle-read/archives.js';
import { bytesOf } from '../bundle-read/bundles.js';
import { appReference, MemorySource, run, temporaryDirectory } from './helpers.js';

const MiB = 1024 * 1024;
const dense = randomBytes(2 * MiB);
const image = buildImage({ layers: [Buffer.alloc(MiB, 'text ')] });
const chart = buildArtifact({
  artifactType: 'application/vnd.cncf.helm.config.v1+json',
  subject: image.descriptor,
  content: dense,
  contentType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
});

/** The image and its chart, whose content arrives in pieces of the given sizes. */
async function bundle(
  pieceSizes: readonly number[] = [65_536],
  compression: 'deflate' | 'none' = 'deflate',
): Promise<Buffer> {
  const blobs = [...image.blobs, ...chart.blobs];
  const content = new Map(blobs.map(({ descriptor, bytes }) => [descriptor.digest, Buffer.from(bytes)]));
  const source = new MemorySource([image, chart], ({ digest }) => {
    const bytes = content.get(digest);
    return bytes === undefined ? undefined : Readable.from(piecesOf(bytes, pieceSizes));
  });
  const writer = new BundleWriter({ compression, maxPrefetchBytes: 1000 });
  return await bytesOf(writer.add({ source, reference: appReference, descriptor: image.descriptor }));
}

/** Packs pieces; the first is never compressed already, as in a bundle. */
async function pack(pieces: readonly ArchivePiece[]): Promise<Buffer> {
  return Buffer.concat(await Readable.from(deflatedGzip(Readable.from(pieces))).toArray());
}

test('what gunzip makes of it is the very tar that would have been written without compression', async () => {
  const [packed, tar] = [await bundle(), await bundle([65_536], 'none')];
  expect(gunzipSync(packed).equals(tar)).toBe(true);
  const directory = await temporaryDirectory();
  await writeFile(`${directory}/b.tgz`, packed);
  await run('gunzip', ['-t', 'b.tgz'], directory);
  await run('tar', ['-xzf', 'b.tgz'], directory);
  await run('sha256sum', ['--check', '--strict', '--quiet', 'checksums.sha256'], directory);
  expect((await run('tar', ['-tzf', 'b.tgz'], directory)).startsWith('oci-layout\nindex.json\nbundle.json\n')).toBe(
    true,
  );
});

test('it is one member that a validator reads as compressed, to its end and without a finding', async () => {
  const packed = await bundle();
  const report = await new ImportValidator({ strict: true }).validate(Readable.from([packed]));
  expect(report).toMatchObject({ ok: true, findings: [], compression: 'deflate' });
  const longer = await new ImportValidator().validate(Readable.from([packed, Buffer.from([0])]));
  expect(longer.findings).toMatchObject([{ code: 'ArchiveTrailingData' }]);
});

test('one changed byte of a layer is found, wherever it is', async () => {
  const packed = await bundle();
  const stored = packed.indexOf(dense.subarray(0, 64));
  expect(stored).toBeGreaterThan(0);
  packed[stored + 100] = (packed[stored + 100] ?? 0) ^ 1;
  const report = await new ImportValidator().validate(Readable.from([packed]));
  expect(report.ok).toBe(false);
  expect(report.findings.map(({ code }) => code)).toContain('CompressionInvalid');
});

test('the sizes in which content arrives do not change its bytes', async () => {
  const packed = await bundle([65_536]);
  expect((await bundle([1000, 16_384, 3])).equals(packed)).toBe(true);
});

test('layers that are compressed already are stored, and everything else gets smaller', async () => {
  const text = Buffer.alloc(MiB, 'text ');
  const stored = await pack([
    { bytes: Buffer.from('head'), isCompressed: false },
    { bytes: text, isCompressed: true },
  ]);
  expect(stored.length).toBeGreaterThan(MiB);
  const small = await pack([
    { bytes: Buffer.from('head'), isCompressed: false },
    { bytes: text, isCompressed: false },
  ]);
  expect(small.length).toBeLessThan(MiB / 100);
});

test('whatever runs of both kinds follow one another, any gunzip gives them back', async () => {
  const piece = fc.record({
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(200_000).map((size) => new Uint8Array(size).fill(7)),
    ),
    isCompressed: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (parts) => {
      const pieces = parts.map(({ bytes, isCompressed }) => ({ bytes: Buffer.from(bytes), isCompressed }));
      expect(gunzipSync(await pack(pieces)).equals(Buffer.concat(pieces.map(({ bytes }) => bytes)))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('a source that breaks off ends the write with its own fault', async () => {
  const source = new MemorySource([image, chart], ({ size }) =>
    size > MiB
      ? Readable.from(
          (async function* broken() {
            yield dense.subarray(0, 10);
            await Promise.resolve();
            throw new Error('the line is dead');
          })(),
        )
      : undefined,
  );
  const writer = new BundleWriter({ compression: 'deflate' });
  writer.add({ source, reference: appReference, descriptor: image.descriptor });
  await expect(writer.write(`${await temporaryDirectory()}/b.tgz`)).rejects.toThrow('the line is dead');
});

test('an entry cannot be read by its place in a compressed bundle, and the error says what to do', async () => {
  const path = `${await temporaryDirectory()}/b.tgz`;
  await writeFile(path, await bundle());
  await using reader = new BundleReader(path);
  for await (const entry of reader) expect(entry.size).toBeGreaterThanOrEqual(0);
  await expect(reader.readEntry('bundle.json')).rejects.toMatchObject({
    code: 'ERR_OCI_BUNDLE_SOURCE',
    hint: expect.stringContaining('gunzip') as string,
  });
});

test('the tar in a compressed bundle is given once more, and no longer than it was', async () => {
  const path = `${await temporaryDirectory()}/b.tgz`;
  await writeFile(path, await bundle());
  await using reader = new BundleReader(path);
  for await (const entry of reader) expect(entry.offset).toBeGreaterThan(0);
  const tar = await buffer(Readable.from(reader.unpack()));
  expect(digestOf(tar)).toBe(digestOf(await bundle([65_536], 'none')));
  await writeFile(path, await bundle([65_536], 'none'));
  await expect(buffer(Readable.from(reader.unpack()))).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_CHANGED' });
});
