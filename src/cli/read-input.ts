import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { formatSize } from './format-size.js';
import { UsageError } from './usage-error.js';

const otherHint = 'check that it can be read by this user, with cat for example';
const hints: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'check the path: it starts at the current directory unless it begins with /'],
  ['EACCES', 'this user may not read it; change its permissions, or run as a user who may'],
  ['EISDIR', 'name a file; this is a directory'],
]);

/** How much of an input is read at most. */
export interface InputBound {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Reads a file that the command line names.
 *
 * @param flag - where it was named, for the error
 * @throws {@link UsageError} when it cannot be read or is too large
 */
export async function readInputFile(path: string, flag: string, bound: InputBound): Promise<Buffer> {
  bound.signal.throwIfAborted();
  return await readInput(createReadStream(path), `${flag}: ${path}`, bound);
}

function tooLarge(what: string, maxBytes: number): UsageError {
  const hint = 'check that it is what you mean; no more than this is held in memory';
  return new UsageError(`${what} is larger than ${formatSize(maxBytes)}`, { hint });
}

/** Reads a stream to its end, as {@link readInputFile} does. */
export async function readInput(stream: Readable, what: string, { maxBytes, signal }: InputBound): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  addAbortSignal(signal, stream);
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk as Uint8Array | string);
      size += bytes.length;
      if (size > maxBytes) throw tooLarge(what, maxBytes);
      chunks.push(bytes);
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof UsageError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new UsageError(`${what} cannot be read: ${reason}`, { hint: hints.get(code) ?? otherHint, cause });
  } finally {
    stream.destroy();
  }
  return Buffer.concat(chunks);
}
