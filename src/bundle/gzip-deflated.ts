import { pipeline } from 'node:stream/promises';
import { constants, crc32, createDeflateRaw } from 'node:zlib';
import { encodeGzipTrailer, encodeStoredHeader, gzipHeader, storedBlockSize } from './gzip-stored.js';

/** Bytes of an archive, in order. */
export interface ArchivePiece {
  readonly bytes: Buffer;
  /** True for what would not get smaller: it is compressed already. */
  readonly isCompressed: boolean;
}

/**
 * Wraps an archive in one gzip member: what is compressed already in stored blocks, everything else deflated.
 *
 * @remarks Each run of pieces that are deflated is a stream of its own, ended with a sync flush: that ends it on a byte
 * boundary, where stored blocks can follow. An empty last block ends the member. The same pieces give the same bytes
 * with one build of zlib, whatever the sizes they come in; another build may deflate otherwise.
 * @param pieces - begin with one that is not compressed, by which a reader tells this form from stored gzip
 * @see https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4
 */
export async function* deflatedGzip(pieces: AsyncIterable<ArchivePiece>): AsyncGenerator<Buffer> {
  const left = pieces[Symbol.asyncIterator]();
  let crc = 0;
  let size = 0;
  let next = await left.next();
  async function* run(isCompressed: boolean): AsyncGenerator<Buffer> {
    while (next.done !== true && next.value.isCompressed === isCompressed) {
      const { bytes } = next.value;
      crc = crc32(bytes, crc);
      size += bytes.length;
      yield bytes;
      next = await left.next();
    }
  }
  try {
    yield gzipHeader;
    while (next.done !== true) yield* next.value.isCompressed ? storedBlocks(run(true)) : deflated(run(false));
    yield encodeStoredHeader(0, true);
    yield encodeGzipTrailer(crc, size);
  } finally {
    await left.return?.();
  }
}

async function* deflated(run: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const deflate = createDeflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
  const feeding = pipeline(run, deflate);
  feeding.catch(() => {
    // The same fault comes out of `deflate`, which is being read.
  });
  yield* deflate as AsyncIterable<Buffer>;
  await feeding;
}

/** Full blocks, whatever the sizes the bytes come in, and a shorter one at the end of the run. */
async function* storedBlocks(run: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let block = Buffer.allocUnsafe(storedBlockSize);
  let filled = 0;
  for await (const bytes of run) {
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(block, filled, at);
      filled += copied;
      at += copied;
      if (filled < storedBlockSize) continue;
      yield encodeStoredHeader(filled, false);
      yield block;
      block = Buffer.allocUnsafe(storedBlockSize);
      filled = 0;
    }
  }
  if (filled === 0) return;
  yield encodeStoredHeader(filled, false);
  yield block.subarray(0, filled);
}
