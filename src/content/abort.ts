import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';

/** The part of every options object that lets a caller give up. */
export interface AbortableOptions {
  /** Aborts the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
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

/**
 * Maps over items with a bounded number under way; the first fault stops what has not started and is rethrown.
 *
 * @remarks Work that is under way is waited for, so that nothing goes on after the call has ended.
 * @param concurrency - how many at once; 1 or more
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const merged = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const limit = pLimit({ concurrency, rejectOnClear: true });
  const onAbort = (): void => limit.clearQueue();
  merged.addEventListener('abort', onAbort, { once: true });
  let failure: { readonly error: unknown } | undefined;
  const runs = items.map((item) =>
    limit(() => work(item, merged)).catch((error: unknown) => {
      failure ??= { error };
      stop.abort(error);
      throw error;
    }),
  );
  const settled = await Promise.allSettled(runs);
  merged.removeEventListener('abort', onAbort);
  signal?.throwIfAborted();
  if (failure !== undefined) throw failure.error;
  return settled.map((run) => (run as PromiseFulfilledResult<Result>).value);
}
