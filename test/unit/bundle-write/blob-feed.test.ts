import { randomBytes } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BlobFeed } from '../../../src/bundle/blob-feed.js';
import type { PlannedBlob } from '../../../src/bundle/plan-content.js';
import { digestOf } from '../../../src/oci/digest.js';

/** Blobs of the given sizes in one source that notes what is open and how much of it nobody has taken yet. */
class Warehouse {
  readonly blobs: readonly PlannedBlob[];
  readonly contents: readonly Buffer[];
  readonly opened: number[] = [];
  open = 0;
  mostOpen = 0;

  constructor(sizes: readonly number[]) {
    this.contents = sizes.map((size) => randomBytes(size));
    const source = {
      fetch: ({ digest }: { digest: string }): Promise<Readable> => Promise.resolve(this.#body(digest)),
    };
    this.blobs = this.contents.map((bytes) => ({
      descriptor: { mediaType: 'a/b', digest: digestOf(bytes), size: bytes.length },
      source,
      reference: 'registry.example.com/team/app:1.2',
    }));
  }

  #body(digest: string): Readable {
    const at = this.blobs.findIndex(({ descriptor }) => descriptor.digest === digest);
    this.opened.push(at);
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    const body = Readable.from(piecesOf(this.contents[at] ?? Buffer.alloc(0)));
    body.once('close', () => this.open--);
    return body;
  }
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1000) {
    await turn();
    yield bytes.subarray(at, at + 1000);
  }
}

function feedOf(warehouse: Warehouse, concurrency: number, maxPrefetchBytes: number): BlobFeed {
  const stop = new AbortController();
  const onFault = (error: unknown): void => {
    stop.abort(error);
  };
  return new BlobFeed(warehouse.blobs, { concurrency, maxPrefetchBytes, signal: stop.signal, onFault });
}

async function readOne(feed: BlobFeed): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of feed.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test.each([
  [1, 1],
  [1, 1_000_000],
  [4, 10_000],
  [4, 1_000_000],
])('blobs come whole and in order with %s at once and a budget of %s bytes', async (concurrency, budget) => {
  const warehouse = new Warehouse([10, 30_000, 0, 5_000, 5_000, 5_000, 40_000, 1]);
  const feed = feedOf(warehouse, concurrency, budget);
  for (const content of warehouse.contents) expect((await readOne(feed)).equals(content)).toBe(true);
  expect(warehouse.mostOpen).toBeLessThanOrEqual(concurrency);
  expect(warehouse.open).toBe(0);
  expect(warehouse.opened).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('what was handed out stays as it was while its memory is used for the next blob', async () => {
  const warehouse = new Warehouse([600_000, 600_001, 700_000]);
  const feed = feedOf(warehouse, 4, 700_000);
  const handedOut: Buffer[] = [];
  for (const { length } of warehouse.contents) {
    let left = length;
    for await (const chunk of feed.read()) {
      handedOut.push(chunk);
      left -= chunk.length;
    }
    expect(left).toBe(0);
  }
  expect(Buffer.concat(handedOut).equals(Buffer.concat(warehouse.contents))).toBe(true);
});

test('what is held in memory stays within the budget', async () => {
  const warehouse = new Warehouse([4_000, 4_000, 4_000, 4_000]);
  const feed = feedOf(warehouse, 4, 10_000);
  await feed.settle();
  expect(warehouse.opened).toEqual([0, 1]);
  await readOne(feed);
  await feed.settle();
  expect(warehouse.opened).toEqual([0, 1, 2]);
});

test('a large blob is opened in its turn, and small ones are fetched while it streams', async () => {
  const warehouse = new Warehouse([100, 50_000, 100, 100]);
  const feed = feedOf(warehouse, 2, 10_000);
  await feed.settle();
  expect(warehouse.opened).toEqual([0]);
  await readOne(feed);
  expect(warehouse.opened).toEqual([0]);
  await readOne(feed);
  expect(warehouse.opened).toEqual([0, 1, 2, 3]);
  expect(warehouse.mostOpen).toBe(2);
});

test('a reader that stops half-way leaves no body open', async () => {
  const warehouse = new Warehouse([50_000]);
  const feed = feedOf(warehouse, 1, 1);
  for await (const chunk of feed.read()) {
    expect(chunk).toHaveLength(1000);
    break;
  }
  await turn();
  expect(warehouse.open).toBe(0);
});

test('a reader that is slow holds back the source', async () => {
  const warehouse = new Warehouse([2_000_000]);
  const feed = feedOf(warehouse, 1, 1);
  const sink = new PassThrough();
  let taken = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of feed.read()) {
      taken += chunk.length;
      yield chunk;
    }
  };
  const written = pipeline(counted, sink);
  // Nobody reads from the sink: after any number of turns only its buffers and a few pieces are full.
  for (let count = 0; count < 500; count++) await turn();
  expect(taken).toBeLessThan(100_000);
  sink.resume();
  await written;
  expect(taken).toBe(2_000_000);
});

test('a fault ahead of its turn is told at once', async () => {
  const warehouse = new Warehouse([50_000, 100]);
  const [large, small] = warehouse.blobs;
  if (large === undefined || small === undefined) throw new TypeError('two blobs were made');
  const fault = new Error('the registry is gone');
  const broken = { ...small, source: { fetch: (): Promise<Readable> => Promise.reject(fault) } };
  const stop = new AbortController();
  const onFault = (error: unknown): void => {
    stop.abort(error);
  };
  const feed = new BlobFeed([large, broken], { concurrency: 2, maxPrefetchBytes: 1000, signal: stop.signal, onFault });
  await expect(readOne(feed)).rejects.toThrow();
  expect(stop.signal.reason).toBe(fault);
  await turn();
  expect(warehouse.open).toBe(0);
});
