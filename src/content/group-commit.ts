/** Work that waits for its turn, or is being done. */
interface Pending<Item> {
  readonly item: Item;
  readonly signal: AbortSignal | undefined;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Most items that are done together. */
const maxItems = 256;

/**
 * Does together what comes in while earlier work is under way: many small changes cost as much as a few.
 *
 * @remarks Each caller hears of its own item only, and not before the work it was part of has succeeded. Where that fails,
 * every item is tried alone, so that nobody is told of another one's fault.
 */
export class GroupCommit<Item> {
  readonly #commit: (items: readonly Item[], signal: AbortSignal) => Promise<void>;
  #waiting: Pending<Item>[] = [];
  #group: readonly Pending<Item>[] = [];
  #stop = new AbortController();
  #isBusy = false;

  /** @param commit - its signal fires once nobody wants any of the items any more */
  constructor(commit: (items: readonly Item[], signal: AbortSignal) => Promise<void>) {
    this.#commit = commit;
  }

  /** Waits until the item is done; rejects with the signal's reason when that fires before. */
  async add(item: Item, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    // A signal of its own for each wait: many may wait under one, and Node warns of more than ten listeners.
    const own = signal === undefined ? undefined : AbortSignal.any([signal]);
    let onAbort = (): void => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const pending = { item, signal, resolve, reject };
        onAbort = (): void => {
          this.#giveUp(pending);
        };
        own?.addEventListener('abort', onAbort);
        this.#waiting.push(pending);
        void this.#run();
      });
    } finally {
      own?.removeEventListener('abort', onAbort);
    }
  }

  #giveUp(pending: Pending<Item>): void {
    if (this.#group.includes(pending) && this.#group.every(isGivenUp)) {
      // Nothing goes on after a call has ended: it ends once the work has.
      this.#stop.abort(pending.signal?.reason);
      return;
    }
    this.#waiting = this.#waiting.filter((other) => other !== pending);
    pending.reject(pending.signal?.reason);
  }

  async #run(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, maxItems);
      if (await this.#tryTogether(group)) continue;
      for (const one of group) await this.#tryTogether([one]);
    }
    this.#isBusy = false;
  }

  /** Returns false where several failed, and it is not known whose fault that was. */
  async #tryTogether(group: readonly Pending<Item>[]): Promise<boolean> {
    this.#group = group.filter((pending) => !isGivenUp(pending));
    this.#stop = new AbortController();
    try {
      if (this.#group.length > 0) {
        await this.#commit(
          this.#group.map(({ item }) => item),
          this.#stop.signal,
        );
      }
      for (const { resolve } of this.#group) resolve();
    } catch (error) {
      for (const { signal, reject } of this.#group.filter(isGivenUp)) reject(signal?.reason);
      if (group.length > 1) return false;
      for (const { reject } of group) reject(error);
    } finally {
      this.#group = [];
    }
    return true;
  }
}

function isGivenUp({ signal }: Pending<unknown>): boolean {
  return signal?.aborted === true;
}
