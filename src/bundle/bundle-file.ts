import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { BundleError } from '../errors/index.js';
import { storedBlockSize, storedHeaderSize } from './gzip-stored.js';

/** Bytes asked of the file system at once: 16 stored gzip blocks, about 1 MiB. */
const readSize = 16 * (storedHeaderSize + storedBlockSize);

/**
 * A bundle file that stays open, so that what was validated and what is read later are the same file.
 *
 * @internal
 */
export class BundleFile implements AsyncDisposable {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #opened: BigIntStats;

  private constructor(path: string, handle: FileHandle, opened: BigIntStats) {
    this.path = path;
    this.#handle = handle;
    this.#opened = opened;
  }

  /** Opens a regular file; the caller closes it. Throws {@link BundleError} `ERR_OCI_BUNDLE_SOURCE`. */
  static async open(path: string): Promise<BundleFile> {
    try {
      // Asked before the file is opened: opening a FIFO would wait for its other end.
      if (!(await stat(path)).isFile()) throw new Error('it is not a regular file');
      const handle = await open(path, 'r');
      try {
        return new BundleFile(path, handle, await handle.stat({ bigint: true }));
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (cause) {
      throw unreadable(path, cause);
    }
  }

  /** Size in bytes when it was opened. */
  get size(): number {
    return Number(this.#opened.size);
  }

  /** Throws {@link BundleError} `ERR_OCI_BUNDLE_CHANGED` when the file is not what it was when it was opened. */
  async assertUnchanged(): Promise<void> {
    const now = await this.#handle.stat({ bigint: true });
    // Anybody may set a modification time back; the time of that change cannot be set.
    const fields = ['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const;
    if (fields.every((field) => now[field] === this.#opened[field])) return;
    throw changed(this.path, 'its size or the time of its last change is another one');
  }

  /** Reads from `start` up to `end` or the end of the file, always one chunk ahead of who asks. */
  async *read(start = 0, end: number = Number.MAX_SAFE_INTEGER, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const readAhead = (at: number): Promise<Buffer> => {
      const reading = this.#readAt(at, end);
      // It may fail while nobody waits for it; the fault is told when the chunk is asked for.
      reading.catch(() => undefined);
      return reading;
    };
    let next = readAhead(start);
    try {
      for (let at = start; ; ) {
        const chunk = await next;
        signal?.throwIfAborted();
        if (chunk.length === 0) return;
        at += chunk.length;
        next = readAhead(at);
        yield chunk;
      }
    } finally {
      await next.catch(() => undefined);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #readAt(position: number, end: number): Promise<Buffer> {
    const length = Math.min(readSize, end - position);
    try {
      const { buffer, bytesRead } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    } catch (cause) {
      throw unreadable(this.path, cause);
    }
  }
}

/** Makes the error for a bundle file that cannot be opened or read. */
export function unreadable(path: string, cause: unknown): BundleError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BundleError('ERR_OCI_BUNDLE_SOURCE', `cannot read the bundle ${JSON.stringify(path)}: ${reason}`, {
    path,
    cause,
    hint: 'give the path of a bundle file that this user may read, or a stream of its bytes',
  });
}

/** Makes the error for a bundle file that was changed while it was open. */
export function changed(path: string, reason: string): BundleError {
  return new BundleError(
    'ERR_OCI_BUNDLE_CHANGED',
    `the bundle ${JSON.stringify(path)} changed while in use: ${reason}`,
    {
      path,
      hint: 'copy the file to a place nobody else writes to and start again',
    },
  );
}
