import { createHash } from 'node:crypto';
import type { TransformCallback } from 'node:stream';
import type { DigestAlgorithm } from '../oci/digest.js';
import { beginThreadedHash } from './hash-thread.js';

/** What is smaller is hashed sooner than a thread has started. */
const leastForThread = 16 * 1024 * 1024;

/** A hash of bytes that pass. */
export interface RunningHash {
  /** Takes bytes in; where a promise is returned, nothing more may be added before it has settled. */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /** Ends it, and gives hex. */
  digest(): Promise<string> | string;
  /** Gives it up; may be called at any time, and again. */
  drop(): void;
}

/**
 * Begins a hash; that of much content works in a thread beside the one that passes it on.
 *
 * @param size - bytes that are to be expected
 */
export function beginHash(algorithm: DigestAlgorithm, size: number): RunningHash {
  const threaded = size >= leastForThread ? beginThreadedHash(algorithm) : undefined;
  if (threaded !== undefined) return threaded;
  const hash = createHash(algorithm);
  return {
    update: (bytes) => {
      hash.update(bytes);
      return undefined;
    },
    digest: () => hash.digest('hex'),
    drop: () => undefined,
  };
}

/** Hashes a chunk on its way through a transform, which waits where the hash is behind. */
export function hashAndPass(hash: RunningHash, chunk: Buffer, done: TransformCallback): void {
  const waiting = hash.update(chunk);
  const pass = (): void => {
    done(null, chunk);
  };
  if (waiting === undefined) pass();
  else waiting.then(pass, done);
}
