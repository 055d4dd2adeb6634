import { Worker } from 'node:worker_threads';
import type { DigestAlgorithm } from '../oci/digest.js';
import { type HashWorker, type Order, type Report, SlabHash } from './slab-hash.js';

/** A thread that nobody has needed for this long ends; starting one takes as long as hashing 20 MiB. */
const idleMs = 1_000;

/** The body of the thread: orders in, reports out. It is text, so that no tool that rewrites code puts something of its own in. */
const source = `
  const { createHash } = require('node:crypto');
  const { parentPort: port } = require('node:worker_threads');
  const hashes = new Map();
  port.on('message', ({ id, algorithm, slab, length, step }) => {
    const hash = hashes.get(id) ?? createHash(algorithm);
    hashes.set(id, hash);
    if (slab !== undefined) {
      hash.update(slab.subarray(0, length));
      port.postMessage({ id, slab }, [slab.buffer]);
    }
    if (step !== 'update') hashes.delete(id);
    if (step === 'digest') port.postMessage({ id, hex: hash.digest('hex') });
  });`;

/** One thread, for every hash there is. */
class HashThread implements HashWorker {
  readonly spare: HashWorker['spare'] = [];
  readonly #worker = new Worker(source, { eval: true, execArgv: [], env: {} });
  readonly #hashes = new Map<number, SlabHash>();
  #nextId = 0;
  #held = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#worker.unref();
    this.#worker.on('message', (report: Report) => {
      const hash = this.#hashes.get(report.id);
      if (hash !== undefined) hash.take(report);
      else if ('slab' in report) this.spare.push(report.slab);
    });
    this.#worker.on('error', (cause: Error) => {
      this.#fail(cause);
    });
    this.#worker.once('exit', () => {
      this.#fail(new Error('the thread that hashes has ended'));
    });
  }

  begin(algorithm: DigestAlgorithm): SlabHash {
    clearTimeout(this.#timer);
    const id = this.#nextId++;
    const hash = new SlabHash(this, id, algorithm);
    this.#hashes.set(id, hash);
    return hash;
  }

  post(order: Order): void {
    this.#worker.postMessage(order, order.slab === undefined ? [] : [order.slab.buffer]);
  }

  async hold<Result>(waiting: Promise<Result>): Promise<Result> {
    if (this.#held++ === 0) this.#worker.ref();
    try {
      return await waiting;
    } finally {
      if (--this.#held === 0) this.#worker.unref();
    }
  }

  onEnd(id: number): void {
    this.#hashes.delete(id);
    if (this.#hashes.size > 0) return;
    this.#timer = setTimeout(() => {
      if (thread === this) thread = undefined;
      void this.#worker.terminate();
    }, idleMs).unref();
  }

  #fail(cause: Error): void {
    if (thread === this) thread = undefined;
    for (const hash of this.#hashes.values()) hash.fail(cause);
  }
}

let thread: HashThread | undefined;

/**
 * Begins a hash in a thread of its own, which all of them share and which ends when none is left.
 *
 * @remarks One thread hashes one to two gigabytes a second: what else is done with the bytes meanwhile costs no time then.
 * @returns undefined where threads may not be started
 */
export function beginThreadedHash(algorithm: DigestAlgorithm): SlabHash | undefined {
  try {
    thread ??= new HashThread();
    return thread.begin(algorithm);
  } catch {
    // Node's permission model, or a host without threads: whoever asked hashes by itself.
    return undefined;
  }
}
