import type { DigestAlgorithm } from '../oci/digest.js';

/** Bytes that are handed to the thread at once. */
export const slabBytes: number = 512 * 1024;
/** Slabs of one hash: what lies in all of them waits to be hashed, or is. */
const mostSlabs = 4;

/** Memory that changes hands: the thread gives it back. */
export type Slab = Uint8Array<ArrayBuffer>;

/** What the thread is told: bytes of a hash, its end, or that it is not wanted any more. */
export interface Order {
  readonly id: number;
  readonly algorithm: DigestAlgorithm;
  readonly step: 'update' | 'digest' | 'drop';
  readonly slab?: Slab;
  /** Bytes of the slab that count. */
  readonly length?: number;
}

/** What the thread says: a slab is free again, or a hash is done. */
export type Report = { readonly id: number } & ({ readonly slab: Slab } | { readonly hex: string });

/** What a hash needs of the thread that does its work. */
export interface HashWorker {
  readonly post: (order: Order) => void;
  /** Memory that hashes before this one have left behind. */
  readonly spare: Slab[];
  /** Waits for the thread, which keeps the process alive for so long and no longer. */
  readonly hold: <Result>(waiting: Promise<Result>) => Promise<Result>;
  /** Told once that no more is to come. */
  readonly onEnd: (id: number) => void;
}

/**
 * Fills memory with what is to be hashed, and hands it to the thread.
 *
 * @remarks The slabs are its own until it ends: of two hashes of which one waits for the other, neither can keep the
 * other from going on.
 */
export class SlabHash {
  readonly #worker: HashWorker;
  readonly #order: Pick<Order, 'id' | 'algorithm'>;
  readonly #free: Slab[] = [];
  #made = 0;
  #slab: Slab | undefined;
  #filled = 0;
  #isOver = false;
  #fault: Error | undefined;
  #wake: (() => void) | undefined;
  #settle: { readonly resolve: (hex: string) => void; readonly reject: (cause: Error) => void } | undefined;

  constructor(worker: HashWorker, id: number, algorithm: DigestAlgorithm) {
    this.#worker = worker;
    this.#order = { id, algorithm };
  }

  /** Copies bytes; returns a promise where the thread is behind, and nothing may be added before that has settled. */
  update(bytes: Uint8Array): Promise<void> | undefined {
    const taken = this.#fill(bytes);
    return taken === bytes.length ? undefined : this.#updateRest(bytes.subarray(taken));
  }

  /** Ends the hash; resolves with hex. */
  async digest(): Promise<string> {
    this.#assertAlive();
    if (this.#isOver) throw new Error('the hash was given up');
    const hex = new Promise<string>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#post('digest');
    try {
      return await this.#worker.hold(hex);
    } finally {
      this.#end();
    }
  }

  /** Gives the hash up; may be called at any time, and again. */
  drop(): void {
    if (this.#isOver || this.#settle !== undefined) return;
    this.#post('drop');
    this.#end();
  }

  /** Hears from the thread. */
  take(report: Report): void {
    if ('hex' in report) this.#settle?.resolve(report.hex);
    else {
      this.#free.push(report.slab);
      this.#wake?.();
    }
  }

  /** Hears that the thread is no more. */
  fail(cause: Error): void {
    this.#fault = cause;
    this.#settle?.reject(cause);
    this.#wake?.();
  }

  async #updateRest(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0; rest = rest.subarray(this.#fill(rest))) {
      this.#assertAlive();
      const freed = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await this.#worker.hold(freed);
    }
  }

  /** Copies as much as there is room for; one that was given up takes anything, and keeps nothing. */
  #fill(bytes: Uint8Array): number {
    if (this.#isOver) return bytes.length;
    let at = 0;
    while (at < bytes.length) {
      this.#slab ??= this.#takeSlab();
      if (this.#slab === undefined) break;
      const part = bytes.subarray(at, at + slabBytes - this.#filled);
      this.#slab.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === slabBytes) this.#post('update');
    }
    return at;
  }

  #takeSlab(): Slab | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#made === mostSlabs) return free;
    this.#made++;
    return this.#worker.spare.pop() ?? new Uint8Array(slabBytes);
  }

  #post(step: Order['step']): void {
    const filled = this.#slab === undefined ? {} : { slab: this.#slab, length: this.#filled };
    this.#worker.post({ ...this.#order, step, ...filled });
    this.#slab = undefined;
    this.#filled = 0;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wake?.();
    this.#worker.spare.push(...this.#free.splice(0));
    this.#worker.onEnd(this.#order.id);
  }

  #assertAlive(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }
}
