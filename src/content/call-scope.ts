/** A point in time after which a call has failed. */
export interface Deadline {
  /** Milliseconds from now. */
  readonly afterMs: number;
  /** Makes the error the call then fails with. */
  readonly error: () => Error;
}

interface Listeners {
  readonly calls: Set<() => void>;
  readonly fire: () => void;
}

const listeners = new WeakMap<AbortSignal, Listeners>();

/**
 * Calls back when a signal fires, with one listener on it however many calls depend on it.
 *
 * @remarks Node warns of a leak at eleven listeners, and 64 calls on one signal are none. `AbortSignal.any` keeps an
 * entry in its sources for every call there ever was.
 * @returns stops it
 */
export function listenForAbort(signal: AbortSignal, onAbort: () => void): () => void {
  const { calls, fire } = listenersOf(signal);
  if (calls.size === 0) signal.addEventListener('abort', fire, { once: true });
  calls.add(onAbort);
  return () => {
    calls.delete(onAbort);
    if (calls.size === 0) signal.removeEventListener('abort', fire);
  };
}

function listenersOf(signal: AbortSignal): Listeners {
  const known = listeners.get(signal);
  if (known !== undefined) return known;
  const calls = new Set<() => void>();
  const fire = (): void => {
    callAll(calls);
  };
  const made = { calls, fire };
  listeners.set(signal, made);
  return made;
}

/** Calls everybody back, also behind one who throws: the others have to hear that it is over. */
function callAll(callbacks: ReadonlySet<() => void>): void {
  const faults: unknown[] = [];
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw faults[0];
}

/**
 * The life of one call: ends when anybody gives up or time is up, and leaves nothing behind when it is disposed.
 *
 * @remarks A request goes through several of these, and an `AbortController` with its listener costs as much as parsing a
 * small manifest: there is one only where somebody asks for {@link signal}.
 */
export class CallScope {
  readonly #deadline: Deadline | undefined;
  readonly #links: (() => void)[] = [];
  readonly #waiting = new Set<() => void>();
  #controller: AbortController | undefined;
  #end: { readonly reason: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parents: readonly (AbortSignal | CallScope | undefined)[], deadline?: Deadline) {
    this.#deadline = deadline;
    this.arm();
    for (const parent of parents) this.#dependOn(parent);
  }

  /** True when somebody has given up or time is up. */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** What whoever gave up first said. */
  get reason(): unknown {
    return this.#end?.reason;
  }

  /** Fires with the reason of whoever gave up first; for what takes nothing else. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#end !== undefined) this.#controller.abort(this.#end.reason);
    }
    return this.#controller.signal;
  }

  throwIfOver(): void {
    if (this.#end !== undefined) throw this.#end.reason;
  }

  /** Calls back once when the call is over; at once when it is already. */
  onGiveUp(callback: () => void): void {
    if (this.#end === undefined) this.#waiting.add(callback);
    else callback();
  }

  /** Takes a callback back. */
  forget(callback: () => void): void {
    this.#waiting.delete(callback);
  }

  /** Stops the deadline, since what it was for has happened. */
  lift(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Starts a deadline that was lifted anew; one that runs is left alone. */
  arm(): void {
    const deadline = this.#deadline;
    if (deadline === undefined || this.isOver) return;
    this.#timer ??= setTimeout(() => {
      this.#giveUp(deadline.error());
    }, deadline.afterMs);
  }

  /** Removes timer and listeners; may be called more than once. */
  dispose(): void {
    this.lift();
    for (const unlink of this.#links.splice(0)) unlink();
  }

  #dependOn(parent: AbortSignal | CallScope | undefined): void {
    if (parent === undefined || this.isOver) return;
    const giveUp = (): void => {
      this.#giveUp(parent.reason);
    };
    if (parent instanceof CallScope) {
      this.#links.push(() => {
        parent.forget(giveUp);
      });
      parent.onGiveUp(giveUp);
    } else if (parent.aborted) giveUp();
    else this.#links.push(listenForAbort(parent, giveUp));
  }

  #giveUp(reason: unknown): void {
    if (this.isOver) return;
    this.#end = { reason };
    this.dispose();
    this.#controller?.abort(reason);
    callAll(this.#waiting);
    this.#waiting.clear();
  }
}
