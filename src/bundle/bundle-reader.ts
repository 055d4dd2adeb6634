import { Readable } from 'node:stream';
import { z } from 'zod';
import { type AbortableOptions, unwrapAbort } from '../content/abort.js';
import { checkOptions } from '../content/check-options.js';
import { readBounded } from '../content/read.js';
import { windowBytes } from '../content/stream-window.js';
import { BundleError } from '../errors/index.js';
import { ArchiveFault } from './archive-fault.js';
import { BundleFile, type ChunkMemory } from './bundle-file.js';
import { ByteCursor } from './byte-cursor.js';
import { compareEntries } from './entry-names.js';
import { entryPaths } from './entry-paths.js';
import { readRange, type TarRange } from './entry-range.js';
import { type BundleCompression, unpackArchive } from './gzip-reader.js';
import { signal as abortSignal, atLeastOne } from './option-schemas.js';
import { endOfArchive, paddingOf } from './tar-header.js';
import { type FaultListener, readTar, type TarEntry } from './tar-reader.js';
import { changed, unreadable } from './unreadable.js';

/** One file of a bundle, while its turn in the iteration lasts. */
export interface BundleReaderEntry {
  /** Its name, one of those a bundle may have; nothing is ever written to it. */
  readonly path: string;
  /** Bytes of content. */
  readonly size: number;
  /** Where the content starts in the tar, in bytes. */
  readonly offset: number;
  /** Opens the content, once and before the next entry is asked for; its digest is not checked. */
  stream(): Readable;
  /**
   * Reads the content into memory, once and before the next entry is asked for.
   *
   * @throws {@link LimitError} `ERR_OCI_LIMIT_EXCEEDED` for more than `maxBytes`
   */
  bytes(maxBytes: number): Promise<Buffer>;
}

/** Options of {@link BundleReader}: how much of a bundle is read at most. */
export interface BundleReaderOptions extends AbortableOptions {
  /** Entries of the archive; 1,000,000 by default. */
  readonly maxEntries?: number | undefined;
  /** Bytes of all entries together, decompressed; 1 TiB by default. */
  readonly maxTotalBytes?: number | undefined;
  /** Bytes of `bundle.json`, and of `index.json`, which comes before it; 24 MiB by default. */
  readonly maxRecordBytes?: number | undefined;
  /** Hears how far each pass over a bundle given as a path has come, in bytes of the file; what it throws ends the pass. */
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
}

/** How much of a bundle's file has been read. */
export interface ReadProgress {
  /** Bytes that this pass has read. */
  readonly bytes: number;
  /** Size of the file, or of all its parts. */
  readonly totalBytes: number;
}

type ReaderLimits = Readonly<Required<Record<'maxEntries' | 'maxTotalBytes' | 'maxRecordBytes', number>>>;

const MiB = 1024 * 1024;
/** Two there are; so many that are wrong are named before reading stops. A million are a few megabytes of deflate. */
const maxEntriesBeforeRecord = 64;
const schema = z.strictObject({
  maxEntries: atLeastOne,
  maxTotalBytes: atLeastOne,
  maxRecordBytes: atLeastOne,
  onProgress: z.custom((value) => typeof value === 'function', 'not a function').optional(),
  signal: abortSignal,
});

const stop: FaultListener = (fault) => {
  throw fault;
};

/**
 * Reads a bundle entry by entry, strictly, without extracting anything.
 *
 * @remarks It checks the archive around the entries (gzip, tar headers, names, order, both ends), not what is in them:
 * that is {@link ImportValidator}'s work. Memory does not grow with the size of entries. Call {@link BundleReader.close},
 * or declare it with `await using`.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @example
 * ```ts
 * import { BundleReader } from '@stellaops/oci-referrers';
 *
 * await using reader = new BundleReader('bundle.tgz');
 * for await (const { path, size } of reader) console.log(path, size);
 * ```
 */
export class BundleReader implements AsyncIterable<BundleReaderEntry>, AsyncDisposable {
  readonly #source: string | Readable;
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: BundleReaderOptions['onProgress'];
  #limits: ReaderLimits;
  /** Whether a limit is what the record says, which no caller can raise. */
  #declared = { maxEntries: false, maxTotalBytes: false };
  readonly #ranges = new Map<string, TarRange>();
  #file: Promise<BundleFile> | undefined;
  #compression: BundleCompression | undefined;
  #tar: BundleFile | undefined;
  #isTaken = false;

  /**
   * @param source - path of a bundle, of the list of its parts (`.parts.json`), or its bytes; a stream is destroyed in the end
   * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`
   */
  constructor(source: string | Readable, options: BundleReaderOptions = {}) {
    checkOptions(schema, options);
    this.#source = source;
    this.#signal = options.signal;
    this.#onProgress = options.onProgress;
    const { maxEntries = 1_000_000, maxTotalBytes = MiB * MiB, maxRecordBytes = 24 * MiB } = options;
    this.#limits = { maxEntries, maxTotalBytes, maxRecordBytes };
  }

  /** How the bundle is packed; undefined until the first entry has been read. */
  get compression(): BundleCompression | undefined {
    return this.#compression;
  }

  /**
   * Reads the bundle from its start; a path can be read again, a stream once.
   *
   * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID` at the first fault of the archive, `ERR_OCI_BUNDLE_SOURCE`
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<BundleReaderEntry> {
    for await (const entry of this.read(stop, 'fresh')) {
      const { path, size, offset } = entry;
      const stream = (): Readable => Readable.from(entry.chunks(), { objectMode: false });
      const bytes = (maxBytes: number): Promise<Buffer> =>
        readBounded(stream(), { limitName: 'maxBytes', limit: maxBytes }, path, this.#signal);
      yield { path, size, offset, stream, bytes };
    }
  }

  /**
   * Opens one entry again, from the same open file; its digest is not checked.
   *
   * @param path - an entry that an iteration has passed
   * @returns a stream the caller reads to its end or destroys
   * @throws {@link BundleError} `ERR_OCI_BUNDLE_SOURCE` for a stream, a compressed bundle or an unknown entry; the stream
   * fails with `ERR_OCI_BUNDLE_CHANGED` when the file was written to in between
   */
  async readEntry(path: string, options: AbortableOptions = {}): Promise<Readable> {
    return Readable.from(await this.#openEntry(path, options), { objectMode: false, highWaterMark: windowBytes });
  }

  /** @internal The same without a wait: what keeps the entry from being opened is a fault of the stream. */
  streamEntry(path: string, options: AbortableOptions = {}): Readable {
    const open = (): Promise<AsyncIterable<Buffer>> => this.#openEntry(path, options);
    async function* chunks(): AsyncGenerator<Buffer> {
      yield* await open();
    }
    return Readable.from(chunks(), { objectMode: false, highWaterMark: windowBytes });
  }

  /** Throws {@link BundleError} `ERR_OCI_BUNDLE_CHANGED` when the open file was written to since it was opened. */
  async assertUnchanged(): Promise<void> {
    await (await this.#file)?.assertUnchanged();
  }

  /** Closes the file, or destroys the stream; entries cannot be read after that. */
  async close(): Promise<void> {
    if (typeof this.#source !== 'string') this.#source.destroy();
    const file = this.#file;
    this.#file = undefined;
    await (await file?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }

  /** The same as {@link BundleReader.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal After a fault, tells of every part of the bundle that is damaged and was not read to its end. */
  async checkParts(onFault: FaultListener): Promise<void> {
    await (await this.#file?.catch(() => undefined))?.checkRest(onFault, this.#signal);
  }

  /** @internal Reads the tar in the bundle once more, from the same open file; no longer than the iteration found it. */
  async *unpack(): AsyncGenerator<Buffer> {
    const ends = [...this.#ranges.values()].map(({ offset, size }) => offset + size + paddingOf(size));
    let left = Math.max(0, ...ends) + endOfArchive.length;
    const raw = new ByteCursor(await this.#bytes());
    try {
      for await (const chunk of (await unpackArchive(raw)).content) {
        left -= chunk.length;
        if (left < 0)
          throw changed(typeof this.#source === 'string' ? this.#source : 'stream', 'it is longer than it was');
        yield chunk;
      }
    } finally {
      await raw.close();
    }
    await this.assertUnchanged();
  }

  /** @internal Lets entries be read out of a copy of that tar, which stays the caller's and is closed after this reader's last use. */
  readFrom(tar: BundleFile): void {
    this.#tar = tar;
  }

  /** @internal Lowers limits, as the caller says. */
  restrict(limits: Partial<ReaderLimits>): void {
    const known = this.#limits;
    const lower = (name: keyof ReaderLimits): number => Math.min(known[name], limits[name] ?? known[name]);
    this.#limits = {
      maxEntries: lower('maxEntries'),
      maxTotalBytes: lower('maxTotalBytes'),
      maxRecordBytes: lower('maxRecordBytes'),
    };
  }

  /** @internal Lowers limits once the bundle has said how much is in it. */
  restrictToRecord(limits: Pick<ReaderLimits, 'maxEntries' | 'maxTotalBytes'>): void {
    const { maxEntries, maxTotalBytes } = this.#limits;
    this.#declared = {
      maxEntries: limits.maxEntries < maxEntries,
      maxTotalBytes: limits.maxTotalBytes < maxTotalBytes,
    };
    this.restrict(limits);
  }

  /** @internal Opens the file as it is, packed, for who reads it in another form. */
  async readRaw(): Promise<AsyncIterable<Buffer>> {
    return await this.#bytes();
  }

  /**
   * @internal Iterates and tells about faults instead of stopping, wherever reading can go on.
   *
   * @param memory - says whether what an entry yields may be kept while the next piece is asked for
   */
  async *read(onFault: FaultListener, memory: ChunkMemory): AsyncGenerator<TarEntry> {
    const raw = new ByteCursor(await this.#bytes(onFault, memory));
    try {
      const { compression, content } = await unpackArchive(raw);
      this.#compression = compression;
      yield* this.#checked(readTar(content, onFault), onFault);
    } catch (error) {
      throw unwrapAbort(error, this.#signal);
    } finally {
      await raw.close();
    }
  }

  async *#checked(entries: AsyncIterable<TarEntry>, onFault: FaultListener): AsyncGenerator<TarEntry> {
    this.#ranges.clear();
    let furthest: string | undefined;
    let count = 0;
    let total = 0;
    let hasRecord = false;
    for await (const entry of entries) {
      const { path, size, offset } = entry;
      count += 1;
      total += size;
      const { maxEntries, maxTotalBytes, maxRecordBytes } = this.#limits;
      if (count > maxEntries) throw overLimit('maxEntries', maxEntries, path, this.#declared.maxEntries);
      if (total > maxTotalBytes) throw overLimit('maxTotalBytes', maxTotalBytes, path, this.#declared.maxTotalBytes);
      if (!hasRecord && count > maxEntriesBeforeRecord) throw overLimit('maxEntries', maxEntriesBeforeRecord, path);
      // Until the record has said how much is in the bundle, a few megabytes of deflate could be a terabyte.
      const isDocument = path === entryPaths.index || path === entryPaths.record;
      const bound = isDocument ? size : total - 2 * maxRecordBytes;
      if (!hasRecord && bound > maxRecordBytes) throw overLimit('maxRecordBytes', maxRecordBytes, path);
      if (!entry.isUsable) continue;
      hasRecord ||= path === entryPaths.record;
      if (this.#ranges.has(path)) {
        onFault(new ArchiveFault('EntryDuplicate', `${path} is in the archive twice`, { path }));
        continue;
      }
      if (furthest !== undefined && compareEntries(path, furthest) < 0) {
        onFault(new ArchiveFault('EntryOrder', `${path} stands after ${furthest} and must stand before it`, { path }));
      } else furthest = path;
      this.#ranges.set(path, { offset, size });
      yield entry;
    }
  }

  async #bytes(onFault?: FaultListener, memory?: ChunkMemory): Promise<AsyncIterable<Buffer>> {
    this.#signal?.throwIfAborted();
    if (typeof this.#source === 'string') {
      const file = await this.#open(this.#source, onFault);
      const chunks = file.readAll(onFault ?? stop, this.#signal, memory);
      return this.#onProgress === undefined ? chunks : counted(chunks, file.size, this.#onProgress);
    }
    if (this.#isTaken) {
      throw new BundleError('ERR_OCI_BUNDLE_SOURCE', 'cannot read the bundle: its stream was read already', {
        hint: 'give a path to read a bundle twice',
      });
    }
    this.#isTaken = true;
    return readStream(this.#source, this.#signal);
  }

  #open(path: string, onFault?: FaultListener): Promise<BundleFile> {
    this.#file ??= BundleFile.open(path, onFault);
    return this.#file;
  }

  async #openEntry(path: string, options: AbortableOptions): Promise<AsyncIterable<Buffer>> {
    const range = this.#ranges.get(path);
    if (typeof this.#source !== 'string')
      throw this.#cannotReread(path, 'the bundle came as a stream', 'save it first');
    if (range === undefined) throw this.#cannotReread(path, 'no such entry was read', 'iterate over the bundle first');
    const signal = options.signal ?? this.#signal;
    // The copy is this user's alone, and was made of what was validated. Whoever sets tags asks whether that is still so:
    // asking here, for each of thousands of parts and each of thousands of manifests, took minutes.
    if (this.#tar !== undefined) return readRange(this.#tar, 'none', range, signal);
    if (this.#compression !== 'store' && this.#compression !== 'none') {
      throw this.#cannotReread(path, 'the bundle is compressed', 'gunzip it to a .tar, or export it without deflate');
    }
    return readRange(await this.#open(this.#source), this.#compression, range, signal);
  }

  #cannotReread(path: string, reason: string, hint: string): BundleError {
    return new BundleError('ERR_OCI_BUNDLE_SOURCE', `cannot read ${path} again: ${reason}`, { path, hint });
  }
}

/** Passes chunks on, and tells how many bytes have passed. */
async function* counted(
  chunks: AsyncIterable<Buffer>,
  totalBytes: number,
  onProgress: (progress: ReadProgress) => void,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    onProgress({ bytes, totalBytes });
    yield chunk;
  }
}

async function* readStream(source: Readable, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const onAbort = (): void => {
    source.destroy(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const chunk of source) {
      yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array | string);
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw unreadable('stream', cause);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    source.destroy();
  }
}

function overLimit(limitName: string, limit: number, path: string, isDeclared = false): ArchiveFault {
  const bound = isDeclared
    ? `what bundle.json says is in the bundle (${limitName} ${limit})`
    : `${limitName} (${limit})`;
  return new ArchiveFault('LimitExceeded', `${path} goes beyond ${bound}; reading stopped there`, {
    path,
    expected: String(limit),
  });
}
