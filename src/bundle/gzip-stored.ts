import { Transform, type TransformCallback } from 'node:stream';
import { crc32 } from 'node:zlib';

/** Content of every stored block but the last, in bytes: the most that its 16-bit length can say. */
export const storedBlockSize = 65_535;
/** Bytes before the content of a stored block: type, length, length inverted. */
export const storedHeaderSize = 5;
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
  let block = Buffer.allocUnsafe(storedHeaderSize + storedBlockSize);
  let filled = 0;
  let crc = 0;
  let size = 0;
  const finishBlock = (isLast: boolean): Buffer => {
    const done = block.subarray(0, storedHeaderSize + filled);
    encodeStoredHeader(filled, isLast).copy(done);
    crc = crc32(done.subarray(storedHeaderSize), crc);
    return done;
  };
  const stream = new Transform({
    readableHighWaterMark: 4 * storedBlockSize,
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
      size += chunk.length;
      let at = 0;
      while (at < chunk.length) {
        // A full block waits until another byte shows that it is not the last one.
        if (filled === storedBlockSize) {
          stream.push(finishBlock(false));
          block = Buffer.allocUnsafe(storedHeaderSize + storedBlockSize);
          filled = 0;
        }
        const copied = chunk.copy(block, storedHeaderSize + filled, at);
        filled += copied;
        at += copied;
      }
      done();
    },
    flush(done: TransformCallback): void {
      stream.push(finishBlock(true));
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
