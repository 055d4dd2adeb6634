/** Runs what belongs to the host's telemetry: where it throws, the work that is being counted goes on. */
export function attempt<Result>(record: () => Result): Result | undefined {
  try {
    return record();
  } catch {
    // Nobody is told: the one who would be is what has just failed.
    return undefined;
  }
}
