import { createWriteStream } from 'node:fs';
import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { tooLarge } from '../content/read.js';
import { BundleError, isOciError } from '../errors/index.js';
import { makeSpoolFolder, removeSpoolFolder, type SpoolFolder } from './spool-folder.js';

/** A stream saved to a private file; disposing removes it. */
export interface Spooled extends AsyncDisposable {
  readonly path: string;
}

/**
 * Saves a stream to a file only this user can read, because a bundle has to be read twice: once to judge it, once to push it.
 *
 * @remarks What a run that was killed has left is removed by the next one that needs such a file.
 * @throws LimitError `ERR_OCI_LIMIT_EXCEEDED` beyond `maxBytes`
 */
export async function spool(stream: Readable, maxBytes: number, signal?: AbortSignal): Promise<Spooled> {
  const { path: folder, file: path } = await privateFolder();
  const remove = (): Promise<void> => removeSpoolFolder(folder);
  let size = 0;
  const bounded = new Transform({
    writableObjectMode: true,
    transform(chunk: unknown, _encoding: BufferEncoding, done: TransformCallback): void {
      if (!(chunk instanceof Uint8Array) && typeof chunk !== 'string') {
        done(new TypeError('the stream gives objects, not bytes'));
        return;
      }
      size += Buffer.byteLength(chunk);
      if (size > maxBytes) done(tooLarge({ limitName: 'maxSpoolBytes', limit: maxBytes }, 'the bundle'));
      else done(null, chunk);
    },
  });
  try {
    await pipeline(
      stream,
      bounded,
      createWriteStream(path, { mode: 0o600, flags: 'wx' }),
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    await remove();
    signal?.throwIfAborted();
    if (isOciError(error)) throw error;
    throw new BundleError(
      'ERR_OCI_BUNDLE_SOURCE',
      `cannot save the bundle's stream to ${folder}: ${(error as Error).message}`,
      {
        cause: error,
        hint: 'check the stream, and the free space of the temporary folder (TMPDIR)',
      },
    );
  }
  return { path, [Symbol.asyncDispose]: remove };
}

async function privateFolder(): Promise<SpoolFolder> {
  try {
    return await makeSpoolFolder();
  } catch (cause) {
    throw new BundleError('ERR_OCI_BUNDLE_SOURCE', `cannot make a temporary folder: ${(cause as Error).message}`, {
      cause,
      hint: 'set TMPDIR to a folder this user may write to, or give the path of a file',
    });
  }
}
