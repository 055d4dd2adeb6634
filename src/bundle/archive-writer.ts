import { finished, Readable, Transform, type TransformCallback, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { beginHash, hashAndPass } from '../content/running-hash.js';
import { BlobFeed } from './blob-feed.js';
import type { WriterCompression } from './bundle-writer-options.js';
import { type ArchivePiece, deflatedGzip } from './gzip-deflated.js';
import { createStoredGzip } from './gzip-stored.js';
import type { PlannedFile } from './plan-files.js';
import { createProgress, type ProgressCounter, type ProgressEvent } from './progress.js';
import { encodeEntryHeader, endOfArchive, paddingOf } from './tar-header.js';

/** How an archive is written. */
export interface ArchiveOptions {
  readonly compression: WriterCompression;
  readonly concurrency: number;
  readonly maxPrefetchBytes: number;
  readonly onProgress: ((event: ProgressEvent) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Makes the error for a fault of the sink; faults of sources are rethrown as they are. */
  readonly sinkFault: (cause: unknown) => Error;
}

/** What was written. */
export interface WrittenArchive {
  /** Size of the file. */
  readonly bytes: number;
  /** Hex sha256 of the file. */
  readonly sha256: string;
}

/**
 * Writes files as one archive into a sink, in the order given, and ends the sink.
 *
 * @remarks The first fault, of a source or of the sink, stops everything and is the one that is thrown; the sink is
 * destroyed, and no fetch is under way any more when the call has ended.
 */
export async function writeArchive(
  files: readonly PlannedFile[],
  sink: Writable,
  options: ArchiveOptions,
): Promise<WrittenArchive> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const onFault = (error: unknown): void => {
    stop.abort(error);
  };
  const blobs = files.flatMap((file) => ('blob' in file ? [file.blob] : []));
  const progress = createProgress(
    blobs.map(({ descriptor }) => descriptor),
    options.onProgress,
  );
  // Without this a sink that fails while a fetch hangs would be noticed only when the fetch ends.
  const unwatch = finished(sink, { readable: false }, (error) => {
    if (error) onFault(options.sinkFault(error));
  });
  const feed = new BlobFeed(blobs, { ...options, signal, onFault });
  const tally = createTally(blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0));
  const pieces = archivePieces(files, feed, progress);
  const packed = options.compression === 'deflate' ? deflatedGzip(pieces) : bytesOf(pieces);
  const chunks = Readable.from(packed, { objectMode: true, highWaterMark: 1 });
  const stages = options.compression === 'store' ? [createStoredGzip(), tally.stream] : [tally.stream];
  try {
    await pipeline([chunks, ...stages, sink], { signal });
    return await tally.finish();
  } catch (error) {
    options.signal?.throwIfAborted();
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    stop.abort();
    unwatch();
    tally.drop();
    await feed.settle();
  }
}

/** Yields an archive piece by piece: header, content, padding of each file, and the end. */
async function* archivePieces(
  files: readonly PlannedFile[],
  feed: BlobFeed,
  progress: ProgressCounter,
): AsyncGenerator<ArchivePiece> {
  for (const file of files) {
    const header = encodeEntryHeader(file.path, file.size);
    const padding = Buffer.alloc(paddingOf(file.size));
    if ('bytes' in file) {
      yield { bytes: Buffer.concat([header, file.bytes, padding]), isCompressed: false };
      continue;
    }
    yield { bytes: header, isCompressed: false };
    const isCompressed = isCompressedType(file.blob.descriptor.mediaType);
    for await (const bytes of feed.read()) {
      yield { bytes, isCompressed };
      progress.passed(file.blob.descriptor, bytes.length);
    }
    yield { bytes: padding, isCompressed: false };
    progress.ended(file.blob.descriptor);
  }
  yield { bytes: endOfArchive, isCompressed: false };
}

async function* bytesOf(pieces: AsyncIterable<ArchivePiece>): AsyncGenerator<Buffer> {
  for await (const { bytes } of pieces) yield bytes;
}

/** Tells of a layer or file whether its type says that it is compressed (`…tar+gzip`, Docker's `…diff.tar.gzip`). */
function isCompressedType(mediaType: string): boolean {
  return /[+./-](?:gzip|gz|zstd|zst|zip|xz|bzip2|bz2)$/i.test(mediaType);
}

interface Tally {
  readonly stream: Transform;
  readonly finish: () => Promise<WrittenArchive>;
  /** Gives the sum up, wherever writing has ended; it may be finished already. */
  readonly drop: () => void;
}

/** Passes bytes on, and counts and hashes them. */
function createTally(expectedBytes: number): Tally {
  const hash = beginHash('sha256', expectedBytes);
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
      bytes += chunk.length;
      hashAndPass(hash, chunk, done);
    },
  });
  const finish = async (): Promise<WrittenArchive> => ({ bytes, sha256: await hash.digest() });
  const drop = (): void => {
    hash.drop();
  };
  return { stream, finish, drop };
}
