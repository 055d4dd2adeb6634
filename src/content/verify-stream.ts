import { Transform, type TransformCallback } from 'node:stream';
import { IntegrityError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { createHasher } from '../oci/digest.js';

/**
 * Creates a transform that passes bytes on and fails unless they are exactly the ones a descriptor names.
 *
 * @remarks It fails on the first byte too many, so a hostile sender cannot fill a disk; it never ends successfully on a
 * mismatch. The last bytes have been passed on by then: nothing may be trusted before `end`.
 * @param from - who sent the bytes, for the message
 */
export function createVerifyStream(descriptor: Descriptor, from: string): Transform {
  const { hash, finish } = createHasher(descriptor.digest);
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
      seen += chunk.length;
      if (seen > descriptor.size) {
        done(sizeMismatch(descriptor, from, `more than ${descriptor.size}`));
        return;
      }
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done: TransformCallback): void {
      if (seen !== descriptor.size) {
        done(sizeMismatch(descriptor, from, String(seen)));
        return;
      }
      done(digestMismatch(descriptor.digest, finish(), from));
    },
  });
}

/** Compares a finished digest; returns the error, or null when it is the right one. */
export function digestMismatch(expected: string, actual: string, from: string): IntegrityError | null {
  if (expected === actual) return null;
  return new IntegrityError('ERR_OCI_DIGEST_MISMATCH', `content of ${expected} from ${from} hashes to ${actual}`, {
    expected,
    actual,
    hint: 'the sender or something on the way changed the bytes; fetch again, and do not use what came',
  });
}

/** Makes the error for content of the wrong size. */
export function sizeMismatch(descriptor: Descriptor, from: string, actual: string): IntegrityError {
  return new IntegrityError(
    'ERR_OCI_SIZE_MISMATCH',
    `content of ${descriptor.digest} from ${from} has ${actual} bytes where its descriptor says ${descriptor.size}`,
    {
      expected: String(descriptor.size),
      actual,
      hint: 'the answer was cut short or the descriptor is wrong; fetch again, and do not use what came',
    },
  );
}
