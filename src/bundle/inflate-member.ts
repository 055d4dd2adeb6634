import { createInflateRaw, type InflateRaw } from 'node:zlib';
import { ArchiveFault, truncated } from './archive-fault.js';
import type { ByteCursor } from './byte-cursor.js';

/** Bytes handed to zlib at once; what it did not need of them is put back. */
const feedSize = 64 * 1024;

/**
 * Inflates one deflate stream and leaves the cursor on the byte after it.
 *
 * @remarks `createGunzip` joins members and skips some garbage behind them, so only the raw stream is given to zlib;
 * its count of consumed bytes finds the exact end.
 */
export async function* inflateMember(raw: ByteCursor): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw({ chunkSize: 4 * feedSize });
  const feeding = feed(raw, inflate).catch((error: unknown) => {
    inflate.destroy(error instanceof Error ? error : new Error('reading the file failed', { cause: error }));
  });
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    if (!isZlibError(cause)) throw cause;
    throw new ArchiveFault('CompressionInvalid', `the compressed data is damaged: ${cause.message}`, { cause });
  } finally {
    inflate.destroy();
    await feeding;
  }
}

async function feed(raw: ByteCursor, inflate: InflateRaw): Promise<void> {
  let given = 0;
  for (;;) {
    const slice = await raw.readSome(feedSize);
    if (slice === undefined) throw truncated('inside the compressed data');
    given += slice.length;
    await offer(inflate, slice);
    if (inflate.errored !== null) return;
    // What zlib leaves of a slice comes after the end of the deflate stream.
    const surplus = given - inflate.bytesWritten;
    if (surplus > 0) raw.unread(slice.subarray(slice.length - surplus));
    if (surplus > 0 || inflate.destroyed) return;
  }
}

/** Waits until zlib is done with a slice; at the end of the deflate stream some versions end without saying so. */
function offer(inflate: InflateRaw, slice: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      inflate.off('end', settle).off('close', settle);
      resolve();
    };
    inflate.on('end', settle).on('close', settle);
    inflate.write(slice, settle);
  });
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
