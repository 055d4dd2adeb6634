import { Transform, type TransformCallback } from 'node:stream';
import { crc32 } from 'node:zlib';

/** Content of every stored block but the last, in bytes: the most that its 16-bit length can say. */
export const storedBlockSize = 65_535;
/** Bytes before the content of a stored block: type, length, length inverted. */
export const storedHeaderSize = 5;
const wholeBlockSize = storedHeaderSize + storedBlockSize;
/** Blocks that are passed on as one piece, 1 MiB: a file system takes small ones in five times as slowly. */
const blocksAtOnce = 16;
/** The ten bytes every gzip file of ours starts with: no time, no name, no flags, unknown system. */
export const gzipHeader: Buffer = Buffer.from('1f8b08000000000000ff', 'hex');

/**
 * Creates a transform that wraps bytes in one gzip member without compressing them.
 *
 * @remarks Layers are compressed already, and zlib's output depends on its build and on the sizes of writes. Framed by
 * hand, the same bytes give the same file everywhere, at memory speed: full blocks of 65,535 bytes, then a last one of
 * 1 to 65,535 (of 0 only for an empty stream). Any gunzip reads it.
 * @see https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4
 */
export function createStoredGzip(): Transform {
  let blocks = Buffer.allocUnsafe(blocksAtOnce * wholeBlockSize);
  /** Where the block that is being filled begins, and how much is in it. */
  let start = 0;
  let filled = 0;
  let crc = 0;
  let size = 0;
  const finishBlock = (isLast: boolean): void => {
    encodeStoredHeader(filled, isLast).copy(blocks, start);
    const content = start + storedHeaderSize;
    crc = crc32(blocks.subarray(content, content + filled), crc);
    start = content + filled;
    filled = 0;
  };
  const stream = new Transform({
    readableHighWaterMark: blocksAtOnce * wholeBlockSize,
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
      size += chunk.length;
      let at = 0;
      while (at < chunk.length) {
        // A full block waits until another byte shows that it is not the last one.
        if (filled === storedBlockSize) finishBlock(false);
        if (start === blocks.length) {
          stream.push(blocks);
          blocks = Buffer.allocUnsafe(blocks.length);
          start = 0;
        }
        const copied = chunk.copy(blocks, start + storedHeaderSize + filled, at, at + storedBlockSize - filled);
        filled += copied;
        at += copied;
      }
      done();
    },
    flush(done: TransformCallback): void {
      finishBlock(true);
      stream.push(blocks.subarray(0, start));
      done(null, encodeGzipTrailer(crc, size));
    },
  });
  stream.push(gzipHeader);
  return stream;
}

/** Writes the five bytes in front of a stored block. */
export function encodeStoredHeader(size: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(storedHeaderSize);
  header[0] = isLast ? 1 : 0;
  header.writeUInt16LE(size, 1);
  header.writeUInt16LE(~size & 0xffff, 3);
  return header;
}

/** Writes the eight bytes that end a gzip member: CRC32 of the content, its size modulo 2^32. */
export function encodeGzipTrailer(crc: number, size: number): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  return trailer;
}
