/** The life of one call: a signal that fires when anybody gives up, and nothing left behind afterwards. */
export interface CallScope {
  /** Fires with the reason of whoever gave up first. */
  readonly signal: AbortSignal;
  /** Removes timer and listeners; may be called more than once. */
  dispose(): void;
}

/** A point in time after which a call has failed. */
export interface Deadline {
  /** Milliseconds from now. */
  readonly afterMs: number;
  /** Makes the error the call then fails with. */
  readonly error: () => Error;
}

/**
 * Links the signals a call depends on, and a deadline.
 *
 * @remarks `AbortSignal.any` keeps an entry in each source for as long as the source lives; a client's own signal lives
 * for thousands of calls, so the listeners are removed here by hand.
 */
export function createCallScope(parents: readonly (AbortSignal | undefined)[], deadline?: Deadline): CallScope {
  const controller = new AbortController();
  const links: (() => void)[] = [];
  const dispose = (): void => {
    for (const unlink of links.splice(0)) unlink();
  };
  const give = (reason: unknown): void => {
    dispose();
    controller.abort(reason);
  };
  if (deadline !== undefined) {
    const timer = setTimeout(() => {
      give(deadline.error());
    }, deadline.afterMs);
    links.push(() => {
      clearTimeout(timer);
    });
  }
  for (const parent of parents) {
    if (parent === undefined) continue;
    if (parent.aborted) {
      give(parent.reason);
      break;
    }
    const onAbort = (): void => {
      give(parent.reason);
    };
    parent.addEventListener('abort', onAbort, { once: true });
    links.push(() => {
      parent.removeEventListener('abort', onAbort);
    });
  }
  return { signal: controller.signal, dispose };
}

/** Waits for work, but not longer than the signal allows; then rejects with its reason and the work is on its own. */
export async function whileAllowed<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
