import { addAbortSignal, type Readable } from 'node:stream';
import { chunksOf } from '../content/take-chunks.js';
import { sizeMismatch, verifiedStream } from '../content/verify-stream.js';
import type { PlannedBlob } from './plan-content.js';
import { SlabPool } from './slab-pool.js';

/** How far ahead of its turn content may be fetched. */
export interface BlobFeedOptions {
  /** Fetches under way at once; 1 or more. */
  readonly concurrency: number;
  /** Bytes held in memory, all together; larger blobs are streamed in their turn. */
  readonly maxPrefetchBytes: number;
  /** Stops every fetch; fired by `onFault`, too. */
  readonly signal: AbortSignal;
  /** Told of a fault as soon as it happens, which may be long before the blob's turn. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Hands out blobs one after the other, verified, and fetches small ones ahead of their turn.
 *
 * @remarks Blobs are started strictly in order. A blob over the budget is opened only when its turn has come and is read
 * without a pause, so no connection ever waits with a body half read behind the queue; while it streams, those after it
 * are fetched into memory.
 */
export class BlobFeed {
  readonly #blobs: readonly PlannedBlob[];
  readonly #options: BlobFeedOptions;
  readonly #ready = new Map<number, Promise<readonly Buffer[]>>();
  readonly #pool = new SlabPool();
  /** The first blob nobody has started to fetch. */
  #next = 0;
  /** The blob whose turn it is. */
  #turn = 0;
  #active = 0;
  #heldBytes = 0;

  constructor(blobs: readonly PlannedBlob[], options: BlobFeedOptions) {
    this.#blobs = blobs;
    this.#options = options;
    this.#startMore();
  }

  /** Yields the content of the next blob; a fault ends it, and nothing counts as verified before it has ended well. */
  async *read(): AsyncGenerator<Buffer> {
    const turn = this.#turn++;
    const blob = this.#blobs[turn];
    if (blob === undefined) throw new RangeError(`there are only ${turn} blobs`);
    const prefetched = this.#ready.get(turn);
    if (prefetched === undefined) {
      yield* this.#stream(blob, turn);
      return;
    }
    for (const slab of await prefetched) {
      // Whoever writes it may keep it for a while; the slab is needed for the next blob.
      const piece = Buffer.from(slab);
      this.#pool.giveBack(slab);
      yield piece;
    }
    this.#ready.delete(turn);
    this.#heldBytes -= blob.descriptor.size;
    this.#startMore();
  }

  /** Waits until nothing is under way any more. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#ready.values());
  }

  async *#stream(blob: PlannedBlob, turn: number): AsyncGenerator<Buffer> {
    this.#next = turn + 1;
    this.#active++;
    try {
      const content = readVerified(blob, this.#options.signal);
      this.#startMore();
      yield* content;
    } catch (error) {
      this.#options.onFault(error);
      throw error;
    } finally {
      this.#active--;
      this.#startMore();
    }
  }

  #startMore(): void {
    const { concurrency, maxPrefetchBytes, signal } = this.#options;
    while (this.#active < concurrency && !signal.aborted) {
      const blob = this.#blobs[this.#next];
      if (blob === undefined || this.#heldBytes + blob.descriptor.size > maxPrefetchBytes) return;
      this.#heldBytes += blob.descriptor.size;
      this.#ready.set(this.#next++, this.#prefetch(blob));
    }
  }

  #prefetch(blob: PlannedBlob): Promise<readonly Buffer[]> {
    this.#active++;
    const content = readWhole(blob, this.#pool, this.#options.signal);
    // Handled here, so that a fault before the blob's turn neither waits nor counts as unhandled.
    content.then(
      () => {
        this.#active--;
        this.#startMore();
      },
      (error: unknown) => {
        this.#active--;
        this.#options.onFault(error);
      },
    );
    return content;
  }
}

/** Opens a blob at once, and yields its bytes when it is read. */
function readVerified(blob: PlannedBlob, signal: AbortSignal): AsyncGenerator<Buffer> {
  return verifiedChunks(blob, blob.source.fetch(blob.descriptor, { signal }), signal);
}

/** Passes on what the descriptor names and nothing else; however reading ends, the source's stream ends with it. */
async function* verifiedChunks(
  { descriptor, reference }: PlannedBlob,
  opening: Promise<Readable>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const body = addAbortSignal(signal, await opening);
  yield* chunksOf(verifiedStream(body, descriptor, `the source of ${reference}`));
}

/** Copies the chunks together as they come: a thousand small ones must not cost more memory than was budgeted. */
async function readWhole(blob: PlannedBlob, pool: SlabPool, signal: AbortSignal): Promise<readonly Buffer[]> {
  const slabs: Buffer[] = [];
  let missing = blob.descriptor.size;
  let room: Buffer = Buffer.alloc(0);
  for await (const chunk of readVerified(blob, signal)) {
    for (let at = 0; at < chunk.length; ) {
      if (room.length === 0) {
        room = pool.take(missing);
        missing -= room.length;
        slabs.push(room);
      }
      const copied = chunk.copy(room, 0, at);
      room = room.subarray(copied);
      at += copied;
    }
  }
  // Slabs hold what was in them before: not a byte more may go out than came in.
  if (missing + room.length > 0) throw sizeMismatch(blob.descriptor, blob.reference, 'too few');
  return slabs;
}
