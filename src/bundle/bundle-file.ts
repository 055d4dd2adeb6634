import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { mapConcurrently } from '../content/abort.js';
import { errnoOf } from '../content/read-small-file.js';
import { ArchiveFault } from './archive-fault.js';
import { storedBlockSize, storedHeaderSize } from './gzip-stored.js';
import { type OpenPart, openParts } from './open-parts.js';
import { type PartList, partListSuffix } from './part-list.js';
import type { FaultListener } from './tar-reader.js';
import { changed, unreadable } from './unreadable.js';

/** Bytes asked of the file system at once: 8 stored gzip blocks, about 512 KiB; each read wakes two threads. */
const readSize = 8 * (storedHeaderSize + storedBlockSize);

/**
 * Whether a chunk may be kept, or lies in memory that the next but one is read into.
 *
 * @remarks A gibibyte of fresh chunks has V8 look through its heap thirty times.
 */
export type ChunkMemory = 'fresh' | 'reused';

const stop: FaultListener = (fault) => {
  throw fault;
};

/**
 * A bundle file that stays open, so that what was validated and what is read later are the same file; or the parts of one,
 * which are read as if they were one file.
 *
 * @internal
 */
export class BundleFile implements AsyncDisposable {
  readonly path: string;
  readonly #parts: readonly OpenPart[];
  readonly #list: PartList | undefined;
  /** Parts whose sum the pass that began last has compared. */
  #compared = 0;

  private constructor(path: string, parts: readonly OpenPart[], list?: PartList) {
    this.path = path;
    this.#parts = parts;
    this.#list = list;
  }

  /**
   * Opens a regular file, or every part that a list (`.parts.json`) names; the caller closes it.
   *
   * @param onFault - told of every part that cannot be used but the last one, which is thrown
   * @throws {@link BundleError} `ERR_OCI_BUNDLE_SOURCE`, for parts `ERR_OCI_BUNDLE_INVALID`
   */
  static async open(path: string, onFault: FaultListener = stop): Promise<BundleFile> {
    if (path.endsWith(partListSuffix)) {
      const { list, parts } = await openParts(path, onFault);
      return new BundleFile(path, parts, list);
    }
    return new BundleFile(path, [await openWhole(path)]);
  }

  /** Size in bytes when it was opened. */
  get size(): number {
    return this.#parts.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Throws {@link BundleError} `ERR_OCI_BUNDLE_CHANGED` when the file is not what it was when it was opened.
   *
   * @param start - with `end`, the range of bytes that matters; all of them by default
   */
  async assertUnchanged(start = 0, end: number = Number.MAX_SAFE_INTEGER): Promise<void> {
    const matters = this.#parts.filter((part) => {
      return this.#parts.length === 1 || (part.start < end && part.start + part.size > start);
    });
    // Many at once: there may be thousands, and this is asked for every image.
    await mapConcurrently(matters, 64, (part) => this.#assertSame(part));
  }

  /**
   * Reads everything once, in order, and compares the sum of each part, and of all of them, as its bytes have passed.
   *
   * @param onFault - told of a part that has another sum; reading goes on unless it throws
   */
  async *readAll(onFault: FaultListener, signal?: AbortSignal, memory?: ChunkMemory): AsyncGenerator<Buffer> {
    if (this.#list === undefined) {
      yield* this.read(0, undefined, signal, memory);
      return;
    }
    const whole = createHash('sha256');
    this.#compared = 0;
    for (const [index, part] of this.#parts.entries()) {
      const hash = createHash('sha256');
      for await (const chunk of this.read(part.start, part.start + part.size, signal, memory)) {
        hash.update(chunk);
        whole.update(chunk);
        yield chunk;
      }
      this.#compare(index, hash, onFault);
    }
    const actual = whole.digest('hex');
    if (actual === this.#list.sha256) return;
    const sums = { path: basename(this.path), expected: this.#list.sha256, actual };
    onFault(new ArchiveFault('PartsInvalid', 'all parts together have another sum than the list says', sums));
  }

  /** Compares the sums of the parts that the last pass did not come to the end of, so that a damaged one is named. */
  async checkRest(onFault: FaultListener, signal?: AbortSignal): Promise<void> {
    if (this.#list === undefined) return;
    for (const [index, part] of this.#parts.entries()) {
      if (index < this.#compared) continue;
      const hash = createHash('sha256');
      for await (const chunk of this.read(part.start, part.start + part.size, signal, 'reused')) hash.update(chunk);
      this.#compare(index, hash, onFault);
    }
  }

  /** Reads from `start` up to `end` or the end of the file, always one chunk ahead of who asks. */
  async *read(
    start = 0,
    end: number = Number.MAX_SAFE_INTEGER,
    signal?: AbortSignal,
    memory: ChunkMemory = 'fresh',
  ): AsyncGenerator<Buffer> {
    const takeRoom = memory === 'fresh' ? allocate : twoInTurn(Math.min(readSize, end - start));
    const readAhead = (at: number): Promise<Buffer> => {
      const reading = this.#readAt(at, end, takeRoom);
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
    await Promise.all(this.#parts.map(({ handle }) => handle.close()));
  }

  async #assertSame(part: OpenPart): Promise<void> {
    const now = await part.handle.stat({ bigint: true });
    // Anybody may set a modification time back; the time of that change cannot be set.
    const fields = ['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const;
    if (fields.every((field) => now[field] === part.opened[field])) return;
    const which = this.#list === undefined ? 'its size' : `the size of ${part.name}`;
    throw changed(this.path, `${which} or the time of its last change is another one`);
  }

  #compare(index: number, hash: Hash, onFault: FaultListener): void {
    const expected = this.#list?.parts[index];
    const actual = hash.digest('hex');
    this.#compared = index + 1;
    if (expected === undefined || actual === expected.sha256) return;
    const { name, sha256 } = expected;
    const sums = { path: name, expected: sha256, actual };
    onFault(new ArchiveFault('PartChecksumMismatch', `part ${name} does not hash to the sum that the list says`, sums));
  }

  async #readAt(position: number, end: number, takeRoom: TakeRoom): Promise<Buffer> {
    const part = this.#partAt(position);
    if (part === undefined) return Buffer.alloc(0);
    // A file in one piece may have grown, and that must be seen; a part ends where the next one begins.
    const most = this.#list === undefined ? end : Math.min(end, part.start + part.size);
    const length = Math.min(readSize, most - position);
    try {
      const buffer = takeRoom(length);
      const { bytesRead } = await part.handle.read(buffer, 0, length, position - part.start);
      if (bytesRead === 0 && length > 0 && this.#list !== undefined)
        throw changed(this.path, `${part.name} got shorter`);
      return buffer.subarray(0, bytesRead);
    } catch (cause) {
      throw errnoOf(cause) === undefined ? cause : unreadable(this.path, cause);
    }
  }

  /** Finds the part that holds a byte, by halves: there may be thousands. */
  #partAt(position: number): OpenPart | undefined {
    if (this.#list === undefined) return this.#parts[0];
    let low = 0;
    let high = this.#parts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const part = this.#parts[middle];
      if (part !== undefined && part.start + part.size <= position) low = middle + 1;
      else high = middle;
    }
    return this.#parts[low];
  }
}

type TakeRoom = (size: number) => Buffer;

const allocate: TakeRoom = (size) => Buffer.allocUnsafe(size);

/** Gives the memory of two chunks by turns: while one is looked at, the other is being read. */
function twoInTurn(mostBytes: number): TakeRoom {
  let [next, other] = [allocate(mostBytes), allocate(mostBytes)];
  return (size) => {
    [next, other] = [other, next];
    return other.subarray(0, size);
  };
}

async function openWhole(path: string): Promise<OpenPart> {
  try {
    // A named pipe would keep whoever opens it waiting for its other end.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const opened = await handle.stat({ bigint: true });
      if (!opened.isFile()) throw new Error('it is not a regular file');
      return { name: path, start: 0, size: Number(opened.size), handle, opened };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (cause) {
    throw unreadable(path, cause, await hintFor(path, errnoOf(cause)));
  }
}

/** Says what else there is under that name, or beside it. */
async function hintFor(path: string, errno: string | undefined): Promise<string | undefined> {
  const isMissing = errno === 'ENOENT';
  const other = await stat(isMissing ? path + partListSuffix : path).catch(() => undefined);
  if (isMissing) return other?.isFile() === true ? `it is there in parts: give ${path}${partListSuffix}` : undefined;
  return other?.isDirectory() === true
    ? `this is a directory, and a bundle is a file; discover and copy read image layouts: oci:${path}`
    : undefined;
}
