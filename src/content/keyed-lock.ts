import { once } from 'node:events';

/** Runs work of one key strictly one after the other; work of other keys is not held up. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Waits for its turn, or until the signal fires; then rejects with the signal's reason and gives up its turn. */
  async run<Result>(key: string, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const before = this.#tails.get(key);
    let release = (): void => undefined;
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tail = (before ?? Promise.resolve()).then(() => mine);
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    try {
      if (before !== undefined) await untilAborted(before, signal);
      return await work();
    } finally {
      release();
    }
  }
}

async function untilAborted(turn: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) {
    await turn;
    return;
  }
  signal.throwIfAborted();
  const done = new AbortController();
  // A signal of its own for each wait: many may wait under one, and Node warns of more than ten listeners.
  const own = AbortSignal.any([signal]);
  try {
    await Promise.race([turn, once(own, 'abort', { signal: done.signal }).catch(() => undefined)]);
  } finally {
    done.abort();
  }
  signal.throwIfAborted();
}
