import { whileAllowed } from '../content/abort.js';

/** Runs work once for everybody who asks for the same key at the same time. */
export type SingleFlight<T> = (
  key: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
) => Promise<T>;

/**
 * Creates a {@link SingleFlight}.
 *
 * @remarks The work belongs to all who wait: it goes on when the one who started it gives up, and is aborted when the
 * last one does.
 */
export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, { readonly result: Promise<T>; readonly stop: AbortController; waiting: number }>();

  const start = (key: string, work: (signal: AbortSignal) => Promise<T>) => {
    const stop = new AbortController();
    const flight = { result: work(stop.signal), stop, waiting: 0 };
    flights.set(key, flight);
    const land = (): void => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    flight.result.then(land, land);
    return flight;
  };

  return async (key, work, signal) => {
    signal?.throwIfAborted();
    const flight = flights.get(key) ?? start(key, work);
    flight.waiting++;
    try {
      return signal === undefined ? await flight.result : await whileAllowed(flight.result, signal);
    } finally {
      flight.waiting--;
      if (flight.waiting === 0) {
        if (flights.get(key) === flight) flights.delete(key);
        flight.stop.abort(signal?.reason);
      }
    }
  };
}
