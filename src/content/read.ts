import type { Readable } from 'node:stream';
import { LimitError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf, parseDigest } from '../oci/digest.js';
import type { AbortableOptions } from './abort.js';
import { unwrapAbort } from './abort.js';
import type { ContentSource } from './sources.js';
import { takeChunks } from './take-chunks.js';
import { digestMismatch, sizeMismatch } from './verify-stream.js';

/** A byte limit and the option that sets it. */
export interface ByteLimit {
  /** Name of the option, for the error. */
  readonly limitName: string;
  /** Largest number of bytes that is still accepted. */
  readonly limit: number;
}

/**
 * Reads a stream to its end into memory, and destroys it as soon as it is too large.
 *
 * @throws {@link LimitError} `ERR_OCI_LIMIT_EXCEEDED`
 */
export async function readBounded(
  stream: Readable,
  bound: ByteLimit,
  what: string,
  signal?: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    await takeChunks(stream, (chunk) => {
      size += chunk.length;
      if (size > bound.limit) throw tooLarge(bound, what);
      chunks.push(chunk);
    });
  } catch (error) {
    throw unwrapAbort(error, signal);
  } finally {
    stream.destroy();
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

/** Makes the error for something that is larger than its limit. */
export function tooLarge(bound: ByteLimit, what: string): LimitError {
  return new LimitError(`${what} is larger than ${bound.limitName} (${bound.limit} bytes)`, {
    ...bound,
    hint: `raise limits.${bound.limitName} if this size is expected`,
  });
}

/** Checks bytes in memory against a descriptor; throws {@link IntegrityError} on any difference. */
export function assertContent(bytes: Uint8Array, descriptor: Descriptor, from: string): void {
  if (bytes.length !== descriptor.size) throw sizeMismatch(descriptor, from, String(bytes.length));
  const fault = digestMismatch(descriptor.digest, digestOf(bytes, parseDigest(descriptor.digest).algorithm), from);
  if (fault !== null) throw fault;
}

/**
 * Fetches a manifest or another small document whole, verified and bounded.
 *
 * @throws {@link LimitError} when the descriptor itself is over the limit, {@link IntegrityError} when the bytes differ
 */
export async function readContent(
  source: ContentSource,
  descriptor: Descriptor,
  bound: ByteLimit,
  options: AbortableOptions = {},
): Promise<Buffer> {
  const what = `content of ${descriptor.digest}`;
  if (descriptor.size > bound.limit) throw tooLarge(bound, what);
  const bytes = await readBounded(await source.fetch(descriptor, options), bound, what, options.signal);
  assertContent(bytes, descriptor, 'its source');
  return bytes;
}
