import { pipeline, Readable, Transform, type TransformCallback } from 'node:stream';
import { IntegrityError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { parseDigest } from '../oci/digest.js';
import { beginHash, hashAndPass } from './running-hash.js';
import { windowBytes } from './stream-window.js';

/**
 * Creates a transform that passes bytes on and fails unless they are exactly the ones a descriptor names.
 *
 * @remarks It fails on the first byte too many, so a hostile sender cannot fill a disk; it never ends successfully on a
 * mismatch. The last bytes have been passed on by then: nothing may be trusted before `end`.
 * @param from - who sent the bytes, for the message
 */
export function createVerifyStream(descriptor: Descriptor, from: string): Transform {
  const { algorithm } = parseDigest(descriptor.digest);
  const hash = beginHash(algorithm, descriptor.size);
  let seen = 0;
  const stream = new Transform({
    highWaterMark: windowBytes,
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
      seen += chunk.length;
      if (seen > descriptor.size) {
        done(sizeMismatch(descriptor, from, `more than ${descriptor.size}`));
        return;
      }
      hashAndPass(hash, chunk, done);
    },
    flush(done: TransformCallback): void {
      if (seen !== descriptor.size) {
        done(sizeMismatch(descriptor, from, String(seen)));
        return;
      }
      const judge = (hex: string): void => {
        done(digestMismatch(descriptor.digest, `${algorithm}:${hex}`, from));
      };
      const digest = hash.digest();
      if (typeof digest === 'string') judge(digest);
      else digest.then(judge, done);
    },
    destroy(error, done): void {
      hash.drop();
      done(error);
    },
  });
  verified.set(stream, descriptor);
  return stream;
}

/** What each stream made here lets through. */
const verified = new WeakMap<Readable, Descriptor>();

/** Makes a stream of bytes that have been verified as what a descriptor names. */
export function streamVerified(bytes: Uint8Array, descriptor: Descriptor): Readable {
  const stream = new Readable({
    read() {
      this.push(bytes);
      this.push(null);
    },
  });
  verified.set(stream, descriptor);
  return stream;
}

/**
 * Verifies content, unless that is being done already: what a fetcher hands over is not hashed a second time.
 *
 * @remarks Whoever reads hears of every fault through the stream returned; destroying that ends the other one too.
 */
export function verifiedStream(content: Readable, descriptor: Descriptor, from: string): Readable {
  const known = verified.get(content);
  const isSame = known !== undefined && known.digest === descriptor.digest && known.size === descriptor.size;
  // What somebody has read of it already, or reads as text, is not the whole of it.
  if (isSame && !content.readableDidRead && content.readableEncoding === null) return content;
  return pipeline(content, createVerifyStream(descriptor, from), () => undefined);
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
