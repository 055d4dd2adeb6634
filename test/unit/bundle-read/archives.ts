import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { BundleReader } from '../../../src/bundle/bundle-reader.js';
import { createStoredGzip } from '../../../src/bundle/gzip-stored.js';
import { encodeEntryHeader, endOfArchive, paddingOf } from '../../../src/bundle/tar-header.js';
import { isOciError } from '../../../src/errors/index.js';

/** Name and content of an entry. */
export type TestFile = readonly [path: string, content: Buffer | string];

/** The tar that our writer would make of some files. */
export function tarOf(files: readonly TestFile[]): Buffer {
  const parts = files.map(([path, content]) => fileOf(path, content));
  return Buffer.concat([...parts, endOfArchive]);
}

/** Header, content and padding of one file. */
export function fileOf(path: string, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([encodeEntryHeader(path, bytes.length), bytes, Buffer.alloc(paddingOf(bytes.length))]);
}

/** Wraps bytes in stored gzip, written in pieces of the given sizes. */
export async function storedGzip(bytes: Buffer, writeSizes: readonly number[] = [65_536]): Promise<Buffer> {
  const gzip = createStoredGzip();
  const [packed] = await Promise.all([buffer(gzip), pipeline(Readable.from(piecesOf(bytes, writeSizes)), gzip)]);
  return packed;
}

/** Cuts bytes into pieces, going through the sizes again and again. */
export function* piecesOf(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** A blob whose name is its digest. */
export function blobFile(content: Buffer | string): TestFile {
  return [`blobs/sha256/${createHash('sha256').update(content).digest('hex')}`, content];
}

/** Changes one header field of a tar that starts with that header, and sets its checksum right again. */
export function patchHeader(header: Buffer, offset: number, value: Buffer | string): Buffer {
  const patched = Buffer.from(header);
  Buffer.from(value).copy(patched, offset);
  patched.write('        ', 148, 'latin1');
  let sum = 0;
  for (const byte of patched.subarray(0, 512)) sum += byte;
  patched.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return patched;
}

/** Takes a bundle apart into its files. */
export async function filesOf(bundle: Buffer): Promise<TestFile[]> {
  await using reader = new BundleReader(Readable.from([bundle]));
  const files: TestFile[] = [];
  for await (const entry of reader) files.push([entry.path, await entry.bytes(2 ** 26)]);
  return files;
}

/** Reads an archive through, in pieces; gives its entries, or the code of the first fault. */
export async function readThrough(
  bytes: Buffer,
  pieceSizes: readonly number[] = [4096],
): Promise<string | readonly TestFile[]> {
  await using reader = new BundleReader(Readable.from(piecesOf(bytes, pieceSizes)));
  const seen: TestFile[] = [];
  try {
    for await (const entry of reader) seen.push([entry.path, await entry.bytes(2 ** 24)]);
  } catch (error) {
    if (isOciError(error, 'ERR_OCI_BUNDLE_INVALID') && 'findingCode' in error) return String(error.findingCode);
    throw error;
  }
  return seen;
}
