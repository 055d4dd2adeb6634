/** The life of one call: a signal that fires when anybody gives up, and nothing left behind afterwards. */
export interface CallScope {
  /** Fires with the reason of whoever gave up first. */
  readonly signal: AbortSignal;
  /** Stops the deadline, since what it was for has happened. */
  readonly lift: () => void;
  /** Starts a deadline that was lifted anew; one that runs is left alone. */
  readonly arm: () => void;
  /** Removes timer and listeners; may be called more than once. */
  readonly dispose: () => void;
}

/** A point in time after which a call has failed. */
export interface Deadline {
  /** Milliseconds from now. */
  readonly afterMs: number;
  /** Makes the error the call then fails with. */
  readonly error: () => Error;
}

/** Calls back when a signal fires, and returns how to stop that. */
export type ListenForAbort = (signal: AbortSignal, onAbort: () => void) => () => void;

/**
 * Creates a {@link ListenForAbort} that puts one listener on a signal however many calls depend on it.
 *
 * @remarks Node warns of a leak at eleven listeners, and 64 calls on one signal are none. `AbortSignal.any` keeps an
 * entry in its sources for every call there ever was.
 */
export function createAbortHub(): ListenForAbort {
  const hub = new WeakMap<AbortSignal, { readonly calls: Set<() => void>; readonly fire: () => void }>();
  return (signal, onAbort) => {
    let entry = hub.get(signal);
    if (entry === undefined) {
      const calls = new Set<() => void>();
      entry = {
        calls,
        fire: () => {
          for (const call of calls) call();
        },
      };
      hub.set(signal, entry);
    }
    const { calls, fire } = entry;
    if (calls.size === 0) signal.addEventListener('abort', fire, { once: true });
    calls.add(onAbort);
    return () => {
      calls.delete(onAbort);
      if (calls.size === 0) signal.removeEventListener('abort', fire);
    };
  };
}

const listenAlone: ListenForAbort = (signal, onAbort) => {
  signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    signal.removeEventListener('abort', onAbort);
  };
};

/** Links the signals a call depends on, and a deadline. */
export function createCallScope(
  parents: readonly (AbortSignal | undefined)[],
  deadline?: Deadline,
  listen: ListenForAbort = listenAlone,
): CallScope {
  const controller = new AbortController();
  const links: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const lift = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const dispose = (): void => {
    lift();
    for (const unlink of links.splice(0)) unlink();
  };
  const give = (reason: unknown): void => {
    dispose();
    controller.abort(reason);
  };
  const arm = (): void => {
    if (deadline === undefined || controller.signal.aborted) return;
    timer ??= setTimeout(() => {
      give(deadline.error());
    }, deadline.afterMs);
  };
  arm();
  for (const parent of parents) {
    if (parent === undefined) continue;
    if (parent.aborted) {
      give(parent.reason);
      break;
    }
    links.push(
      listen(parent, () => {
        give(parent.reason);
      }),
    );
  }
  return { signal: controller.signal, lift, arm, dispose };
}
