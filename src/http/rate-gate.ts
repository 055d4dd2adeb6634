import { sleep } from '../content/abort.js';
import { whileAllowed } from './call-scope.js';

/**
 * Holds back every request to a host that has answered 429, and lets them go one after the other.
 *
 * @remarks Without it each of 64 callers would find out for itself, and again after each pause. Whoever waits here has
 * not used up a retry.
 */
export class RateGate {
  readonly #spacingMs: number;
  #openAt = 0;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  /** @param spacingMs - milliseconds between two requests that were held back */
  constructor(spacingMs: number) {
    this.#spacingMs = spacingMs;
  }

  /** Closes the gate for at least this long. */
  close(milliseconds: number): void {
    this.#openAt = Math.max(this.#openAt, performance.now() + milliseconds);
  }

  /** Waits until the gate is open and everybody who came before has gone. */
  async pass(signal: AbortSignal): Promise<void> {
    if (this.#waiting === 0 && performance.now() >= this.#openAt) return;
    const before = this.#last;
    let release: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#last = Promise.all([before, mine]).then(() => undefined);
    this.#waiting++;
    try {
      await whileAllowed(before, signal);
      for (let left = this.#left(); left > 0; left = this.#left()) await sleep(left, signal);
      if (this.#waiting > 1) this.close(this.#spacingMs);
    } finally {
      this.#waiting--;
      release();
    }
  }

  #left(): number {
    return Math.ceil(this.#openAt - performance.now());
  }
}
