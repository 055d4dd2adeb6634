/** What one run of one piece of work took. */
export interface Took {
  readonly milliseconds: number;
  readonly cpuSeconds: number;
  /** Most bytes that were resident, by the kernel's account. */
  readonly peakBytes: number;
}

/** What several runs took: the one in the middle by time, and the most memory of any. */
export function typical(runs: readonly Took[]): Took {
  const byTime = [...runs].sort((one, other) => one.milliseconds - other.milliseconds);
  const middle = byTime[Math.floor(byTime.length / 2)];
  if (middle === undefined) throw new RangeError('nothing was run');
  return { ...middle, peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)) };
}

/** Runs each of several in turn, A B A B …, so that what drifts on a machine drifts for all of them alike. */
export async function inTurn<Name extends string>(
  names: readonly Name[],
  rounds: number,
  run: (name: Name) => Promise<Took>,
): Promise<Record<Name, Took>> {
  const all = new Map<Name, Took[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) all.get(name)?.push(await run(name));
  }
  return Object.fromEntries([...all].map(([name, runs]) => [name, typical(runs)])) as Record<Name, Took>;
}
