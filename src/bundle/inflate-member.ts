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
    const result = await offer(inflate, slice);
    if (inflate.errored !== null) return;
    if (result === 'taken') continue;
    // zlib stopped inside this slice: the rest of it comes after the end.
    raw.unread(slice.subarray(slice.length - (given - inflate.bytesWritten)));
    return;
  }
}

/** Waits until zlib has taken a slice whole, or does not want the rest of it: at its end, or after a fault. */
function offer(inflate: InflateRaw, slice: Buffer): Promise<'taken' | 'ended'> {
  return new Promise((resolve) => {
    const settle = (result: 'taken' | 'ended'): void => {
      inflate.off('end', onEnd).off('close', onEnd);
      resolve(result);
    };
    const onEnd = (): void => {
      settle('ended');
    };
    inflate.on('end', onEnd).on('close', onEnd);
    inflate.write(slice, () => {
      settle('taken');
    });
  });
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
