import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { CallScope } from './call-scope.js';

/** The part of every options object that lets a caller give up. */
export interface AbortableOptions {
  /** Aborts the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The same for what goes on inside a call, which has a scope and need not have a signal. */
export interface StoppableOptions {
  /** Who may give up. */
  readonly signal?: AbortSignal | CallScope | undefined;
}

/** Waits, and stops waiting as soon as the signal fires; then rejects with the signal's reason. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Gives back the caller's own reason where a stream or client wrapped it in an AbortError. */
export function unwrapAbort(error: unknown, signal: AbortSignal | undefined): unknown {
  return signal?.aborted ? signal.reason : error;
}

/** Waits for work, but not longer than the signal allows; then rejects with its reason and the work is on its own. */
export async function whileAllowed<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    const leave = (): void => {
      signal.removeEventListener('abort', onAbort);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).then(leave);
  });
}

/**
 * Runs work against a deadline that ends with it.
 *
 * @param expired - makes the error for the deadline; the caller's own abort keeps its reason
 */
export async function withDeadline<Result>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  expired: () => Error,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return await withinScope(milliseconds, signal, expired, (scope) => work(scope.signal));
}

/** Does the same for work that need not have a signal. */
export async function withinScope<Result>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  expired: () => Error,
  work: (scope: CallScope) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  const scope = new CallScope([signal], { afterMs: milliseconds, error: expired });
  try {
    return await work(scope);
  } catch (error) {
    signal?.throwIfAborted();
    scope.throwIfOver();
    throw error;
  } finally {
    scope.dispose();
  }
}

/** Runs work with a bounded number under way; made by {@link withLimiter}. */
export interface Limiter {
  /** Fires when the caller gave up or any work failed. */
  readonly signal: AbortSignal;
  /** Queues work that does I/O itself; work must never wait for other work of the same limiter. */
  run<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result>;
}

/**
 * Gives a body of work a limiter; the first fault stops what has not started and is rethrown.
 *
 * @remarks Work that is under way is waited for, so that nothing goes on after the call has ended.
 * @param concurrency - how many at once; 1 or more
 */
export async function withLimiter<Result>(
  concurrency: number,
  signal: AbortSignal | undefined,
  body: (limiter: Limiter) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const merged = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  // Everything under way listens to it; Node takes more than ten listeners for a leak.
  setMaxListeners(0, merged);
  const limit = pLimit({ concurrency, rejectOnClear: true });
  const onAbort = (): void => {
    limit.clearQueue();
  };
  merged.addEventListener('abort', onAbort, { once: true });
  const underWay = new Set<Promise<unknown>>();
  let failure: { readonly error: unknown } | undefined;
  const run = async <Value>(work: (signal: AbortSignal) => Promise<Value>): Promise<Value> => {
    merged.throwIfAborted();
    const promise = limit(() => work(merged));
    underWay.add(promise);
    try {
      return await promise;
    } catch (error) {
      failure ??= { error };
      stop.abort(error);
      throw error;
    } finally {
      underWay.delete(promise);
    }
  };
  try {
    return await body({ signal: merged, run });
  } catch (error) {
    signal?.throwIfAborted();
    throw failure === undefined ? error : failure.error;
  } finally {
    stop.abort();
    await Promise.allSettled(underWay);
    merged.removeEventListener('abort', onAbort);
  }
}

/** Maps over items with a bounded number under way, by the rules of {@link withLimiter}. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  return await withLimiter(concurrency, signal, (limiter) =>
    Promise.all(items.map((item) => limiter.run((stop) => work(item, stop)))),
  );
}
