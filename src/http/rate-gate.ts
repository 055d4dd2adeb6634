import type { CallScope } from '../content/call-scope.js';

/** Milliseconds over which a crowd is let go, roughly, however far apart its requests should be. */
const crowdMs = 500;

interface Waiting {
  /** The gate may open no later than this for whoever waits; on the clock of `performance.now()`. */
  readonly latest: number;
  readonly end: (passed: boolean) => void;
}

/**
 * Holds back every request to a host that has answered 429, and lets them go one after the other.
 *
 * @remarks Without it each of 64 callers would find out for itself, and again after each pause. Whoever waits here has
 * not used up a retry, but does not wait for ever either: each answer of 429 that another gets would close it anew.
 */
export class RateGate {
  readonly #spacingMs: number;
  readonly #queue = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;
  #openAt = 0;
  #nextAt = 0;

  /** @param spacingMs - milliseconds between two requests that were held back; less when a crowd waits */
  constructor(spacingMs: number) {
    this.#spacingMs = spacingMs;
  }

  /** Milliseconds until the gate opens; 0 when it is open. */
  get closedForMs(): number {
    return Math.max(0, Math.ceil(this.#openAt - performance.now()));
  }

  /** Closes the gate for at least this long. */
  close(milliseconds: number): void {
    this.#openAt = Math.max(this.#openAt, performance.now() + milliseconds);
    for (const waiting of this.#queue) {
      if (waiting.latest < this.#openAt) waiting.end(false);
    }
  }

  /**
   * Waits until the gate is open and everybody who came before has gone; rejects with the reason of whoever gives up.
   *
   * @returns false as soon as the gate is closed for longer than `mostMs` from the call
   */
  async pass(scope: CallScope, mostMs: number): Promise<boolean> {
    scope.throwIfOver();
    const now = performance.now();
    if (this.#queue.size === 0 && now >= this.#openAt) return true;
    if (now + mostMs < this.#openAt) return false;
    const passed = await new Promise<boolean>((resolve) => {
      const end = (mayGo: boolean): void => {
        this.#queue.delete(waiting);
        scope.forget(giveUp);
        if (this.#queue.size === 0) clearTimeout(this.#timer);
        resolve(mayGo);
      };
      const giveUp = (): void => {
        end(false);
      };
      const waiting: Waiting = { latest: now + mostMs, end };
      this.#queue.add(waiting);
      scope.onGiveUp(giveUp);
      if (this.#queue.size === 1) this.#release();
    });
    scope.throwIfOver();
    return passed;
  }

  #release(): void {
    const [first] = this.#queue;
    if (first === undefined) return;
    const now = performance.now();
    const waitMs = Math.ceil(Math.max(this.#openAt, this.#nextAt) - now);
    if (waitMs <= 0) {
      this.#nextAt = now + Math.min(this.#spacingMs, crowdMs / this.#queue.size);
      first.end(true);
    }
    clearTimeout(this.#timer);
    if (this.#queue.size === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#release();
      },
      Math.max(0, waitMs),
    );
  }
}
