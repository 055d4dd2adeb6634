import { crc32 } from 'node:zlib';
import { ArchiveFault, truncated } from './archive-fault.js';
import type { ByteCursor } from './byte-cursor.js';
import { encodeGzipTrailer, encodeStoredHeader, gzipHeader, storedBlockSize, storedHeaderSize } from './gzip-stored.js';
import { inflateMember } from './inflate-member.js';

/** How a bundle is packed: plain tar, tar in stored gzip blocks, or tar that is really compressed. */
export type BundleCompression = 'none' | 'store' | 'deflate';

/** Flag of a gzip header that a file name follows (RFC 1952, 2.3.1). */
const nameFlag = 8;
const maxNameBytes = 1024;

/** The tar inside a bundle file. */
export interface UnpackedArchive {
  readonly compression: BundleCompression;
  /** The tar's bytes; ends only after everything that follows them has been checked. */
  readonly content: AsyncIterable<Buffer>;
}

/**
 * Looks at the first bytes of a file and opens the tar in it.
 *
 * @remarks Stored blocks are parsed by hand, since every bit of them must be the one our writer would have set; anything
 * else goes through zlib, where only the content can be vouched for.
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID`, here and while `content` is read
 */
export async function unpackArchive(raw: ByteCursor): Promise<UnpackedArchive> {
  const head = await raw.readExactly(gzipHeader.length + 1);
  raw.unread(head);
  if (head.length === 0) throw truncated('before its first byte: it is empty');
  if (head[0] !== 0x1f || head[1] !== 0x8b) return { compression: 'none', content: readPlain(raw) };
  if (head.length <= gzipHeader.length) throw truncated('inside the gzip header');
  // Bits 1 and 2 are the type of the first block; 0 is stored.
  const isStored = ((head[gzipHeader.length] ?? 0) & 0b110) === 0;
  return isStored
    ? { compression: 'store', content: readStored(raw) }
    : { compression: 'deflate', content: readDeflated(raw) };
}

async function* readPlain(raw: ByteCursor): AsyncGenerator<Buffer> {
  for (;;) {
    const chunk = await raw.readSome(Number.MAX_SAFE_INTEGER);
    if (chunk === undefined) return;
    yield chunk;
  }
}

async function* readStored(raw: ByteCursor): AsyncGenerator<Buffer> {
  const header = await raw.readExactly(gzipHeader.length);
  if (!header.equals(gzipHeader)) {
    throw invalid('the gzip header is not the one this format writes', gzipHeader, header);
  }
  let crc = 0;
  let size = 0;
  for (let isLast = false; !isLast; ) {
    const block = await readBlockHeader(raw, size);
    isLast = block.isLast;
    for (let left = block.size; left > 0; ) {
      const chunk = await raw.readSome(left);
      if (chunk === undefined) throw truncated('inside a gzip block');
      crc = crc32(chunk, crc);
      left -= chunk.length;
      yield chunk;
    }
    size += block.size;
  }
  await readTrailer(raw, crc, size);
}

async function readBlockHeader(raw: ByteCursor, before: number): Promise<{ size: number; isLast: boolean }> {
  const at = raw.position;
  const header = await raw.readExactly(storedHeaderSize);
  if (header.length < storedHeaderSize) throw truncated('inside a gzip block header');
  const isLast = header[0] === 1;
  const size = header.readUInt16LE(1);
  const expected = encodeStoredHeader(size, isLast);
  if (!header.equals(expected)) throw invalid(`the gzip block at byte ${at} is not a stored block`, expected, header);
  if (isLast ? size === 0 && before > 0 : size !== storedBlockSize) {
    throw new ArchiveFault('CompressionInvalid', `the gzip block at byte ${at} has ${size} bytes, not a size we write`);
  }
  return { size, isLast };
}

/**
 * Opens the tar in a file of another tool: plain, or in one gzip member with whatever time and name.
 *
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID`, here and while `content` is read
 */
export async function unpackForeign(raw: ByteCursor): Promise<UnpackedArchive> {
  const head = await raw.readExactly(2);
  raw.unread(head);
  if (head.length === 0) throw truncated('before its first byte: it is empty');
  if (head[0] !== 0x1f || head[1] !== 0x8b) return { compression: 'none', content: readPlain(raw) };
  return { compression: 'deflate', content: readDeflated(raw, true) };
}

async function* readDeflated(raw: ByteCursor, mayHaveName = false): AsyncGenerator<Buffer> {
  const header = await raw.readExactly(gzipHeader.length);
  if (header.length < gzipHeader.length) throw truncated('inside the gzip header');
  const magic = gzipHeader.subarray(0, 4);
  const hasName = mayHaveName && header[3] === nameFlag;
  if (!header.subarray(0, 4).equals(magic) && !(hasName && header.subarray(0, 3).equals(magic.subarray(0, 3)))) {
    throw invalid('the gzip header has flags or a method this format does not use', magic, header.subarray(0, 4));
  }
  if (hasName) await skipName(raw);
  let crc = 0;
  let size = 0;
  for await (const chunk of inflateMember(raw)) {
    crc = crc32(chunk, crc);
    size += chunk.length;
    yield chunk;
  }
  await readTrailer(raw, crc, size);
}

/** `gzip` keeps the name that a file had; nobody needs it. */
async function skipName(raw: ByteCursor): Promise<void> {
  const name = await raw.readExactly(maxNameBytes);
  const end = name.indexOf(0);
  if (end < 0 && name.length < maxNameBytes) throw truncated('inside the gzip header');
  if (end < 0)
    throw new ArchiveFault('CompressionInvalid', `the name in the gzip header is over ${maxNameBytes} bytes`);
  raw.unread(name.subarray(end + 1));
}

async function readTrailer(raw: ByteCursor, crc: number, size: number): Promise<void> {
  const trailer = await raw.readExactly(8);
  if (trailer.length < 8) throw truncated('inside the gzip trailer');
  const expected = encodeGzipTrailer(crc, size);
  if (!trailer.equals(expected)) throw invalid('the gzip checksum or length is wrong', expected, trailer);
  if (await raw.isAtEnd()) return;
  throw new ArchiveFault('ArchiveTrailingData', `the file goes on at byte ${raw.position}, after its gzip member`);
}

function invalid(message: string, expected: Buffer, actual: Buffer): ArchiveFault {
  return new ArchiveFault('CompressionInvalid', message, {
    expected: expected.toString('hex'),
    actual: actual.toString('hex'),
  });
}
