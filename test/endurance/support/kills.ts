import { createHash, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type CommandEnd, runCommand, startCommand } from './command.js';

/** Something that takes part in a run and tells how far that has come. */
export interface Witness {
  /** Steps since the last call of `onStep`. */
  readonly steps: number;
  /** Counts from 0 again, and calls back after each step. */
  onStep(listener: (steps: number) => void): void;
  /** Says whether runs are to be slow from now on, where it is up to the witness. */
  setSlow(isSlow: boolean): void;
}

/** How often a moment is tried again because the run had ended by then. */
const maxMoreTries = 8;

/** A moment of a run: so many steps of the witness after its start, and then so long. */
export interface Moment {
  readonly steps: number;
  readonly thenMs: number;
}

/** How long a run takes when nobody ends it. */
export interface RunLength {
  readonly runMs: number;
  /** What the witness sees meanwhile. */
  readonly steps: number;
  /** From the last step to the end. */
  readonly lastMs: number;
}

/** A run that was to be ended before its time. */
export interface Stopped extends CommandEnd {
  /** When the signal was sent, for messages. */
  readonly when: string;
}

/** Runs the command to its end, and measures how long that takes. */
export async function measureRun(witness: Witness, args: readonly string[]): Promise<RunLength> {
  witness.setSlow(true);
  let lastAt = 0;
  witness.onStep(() => {
    lastAt = performance.now();
  });
  const { milliseconds: runMs } = await runCommand(args);
  return { runMs, steps: witness.steps, lastMs: performance.now() - lastAt };
}

/**
 * Chooses moments at random, spread over the whole run.
 *
 * @remarks Two in five are told by the clock. As many are told by what has been done, which on a busy machine
 * still is in the middle of the work; and the rest lies after its last step, when results are made final.
 */
export function chooseMoments(count: number, { runMs, steps, lastMs }: RunLength): readonly Moment[] {
  const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
  console.log(`SEED=${seed}: ${count} moments of a run of ${Math.round(runMs)} ms and ${steps} steps`);
  const spread = Math.floor((count * 2) / 5);
  const at = (index: number, parts: number): number => (index + fraction(seed, index)) / parts;
  return Array.from({ length: count }, (_, index) => {
    if (index < spread) return { steps: 0, thenMs: at(index, spread) * runMs };
    if (index < 2 * spread) return { steps: 1 + Math.floor(at(index - spread, spread) * (steps - 1)), thenMs: 0 };
    return { steps, thenMs: at(index - 2 * spread, count - 2 * spread) * lastMs };
  });
}

/**
 * Makes every moment hit a run that is alive: where it had ended by itself, it is done again and ended a little earlier.
 *
 * @param attempt - does one run and looks at what it left
 * @returns how many runs had ended by themselves
 */
export async function killAtEach(
  moments: readonly Moment[],
  attempt: (moment: Moment, at: number) => Promise<Stopped>,
): Promise<number> {
  let missed = 0;
  for (const [at, chosen] of moments.entries()) {
    let moment = chosen;
    for (let left = maxMoreTries; (await attempt(moment, at)).signal !== 'SIGKILL'; left--) {
      if (left === 0) throw new Error(`no run could be killed ${JSON.stringify(chosen)}`);
      missed += 1;
      const { steps, thenMs } = moment;
      moment = thenMs > 1 ? { steps, thenMs: thenMs * 0.7 } : { steps: Math.max(1, steps - 1), thenMs: 0 };
    }
  }
  return missed;
}

/** Runs the command on a slow line and sends it a signal at a moment, unless it has ended by then. */
export async function stopAt(
  { steps, thenMs }: Moment,
  signal: NodeJS.Signals,
  witness: Witness,
  args: readonly string[],
): Promise<Stopped> {
  witness.setSlow(true);
  const { child, ended } = startCommand(args);
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    if (thenMs === 0) child.kill(signal);
    else timer = setTimeout(() => child.kill(signal), thenMs);
  };
  witness.onStep((done) => {
    if (done === steps) begin();
  });
  if (steps === 0) begin();
  try {
    return { ...(await ended), when: `${signal} ${Math.round(thenMs)} ms after step ${steps}` };
  } finally {
    clearTimeout(timer);
    witness.setSlow(false);
  }
}

/** Hex sha256 of a file. */
export async function sumOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

function fraction(seed: number, at: number): number {
  return createHash('sha256').update(`${seed} ${at}`).digest().readUInt32BE() / 2 ** 32;
}
