import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { unwrapAbort } from '../content/abort.js';
import { tooLarge } from '../content/read.js';

/** A stream saved to a private file; disposing removes it. */
export interface Spooled extends AsyncDisposable {
  readonly path: string;
}

/**
 * Saves a stream to a file only this user can read, because a bundle has to be read twice: once to judge it, once to push it.
 *
 * @throws LimitError `ERR_OCI_LIMIT_EXCEEDED` beyond `maxBytes`
 */
export async function spool(stream: Readable, maxBytes: number, signal?: AbortSignal): Promise<Spooled> {
  const folder = await mkdtemp(join(tmpdir(), 'oci-referrers-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, 'bundle');
  let size = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
      size += chunk.length;
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
    throw unwrapAbort(error, signal);
  }
  return { path, [Symbol.asyncDispose]: remove };
}
