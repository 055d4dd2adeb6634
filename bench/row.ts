import type { Took } from './figures.js';

/** One line of the table: a piece of work, what it took here, and what it took others. */
export interface Row {
  /** `W1` to `W9`. */
  readonly id: string;
  readonly work: string;
  /** What the figures count: `lists/s` and other rates are better when higher, `ms` and `requests` when lower. */
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  /** How many times as good as the best peer that does the same work, or as the limit; more is better. */
  readonly ratio?: number | undefined;
  /** The least the ratio should be. */
  readonly target?: number | undefined;
  readonly peakMiB?: number | undefined;
  readonly cpuSeconds?: number | undefined;
  /** The peer that the ratio is about, and what it took. */
  readonly best?: { readonly name: string; readonly peakMiB: number; readonly cpuSeconds: number } | undefined;
  /** What has to be known to read the line. */
  readonly note?: string | undefined;
}

const MiB = 1024 * 1024;

/** What a line is made of, before it is one. */
export interface Measurement {
  readonly id: string;
  readonly work: string;
  readonly unit: string;
  /** Turns what was taken into the figure that is shown. */
  readonly figure: (took: Took) => number;
  readonly took: Readonly<Record<string, Took>>;
  /** Those of the peers that do the same work; all of them by default. */
  readonly comparable?: readonly string[] | undefined;
  readonly target?: number | undefined;
  readonly note?: string | undefined;
}

/** Makes a line of what `ours` and others took; the ratio is one of times. */
export function rowOf({ figure, took, comparable, ...said }: Measurement): Row {
  const { ours, ...peers } = took;
  if (ours === undefined) throw new RangeError(`${said.work} was not run`);
  const [best] = Object.entries(peers)
    .filter(([name]) => comparable?.includes(name) ?? true)
    .sort(([, one], [, other]) => one.milliseconds - other.milliseconds);
  return {
    ...said,
    ours: figure(ours),
    peers: Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, figure(peer)])),
    ratio: best === undefined ? undefined : best[1].milliseconds / ours.milliseconds,
    peakMiB: ours.peakBytes / MiB,
    cpuSeconds: ours.cpuSeconds,
    best: best && { name: best[0], peakMiB: best[1].peakBytes / MiB, cpuSeconds: best[1].cpuSeconds },
  };
}
