import type { Row } from '../row.js';

/** How thoroughly to measure. */
export interface Thoroughness {
  /** Runs of each piece of work; the one in the middle counts. */
  readonly rounds: number;
  /** Divides amounts that can be divided. */
  readonly share: number;
}

/** Everything, as the table of the documentation has it. */
export const full: Thoroughness = { rounds: 5, share: 1 };
/** Enough to see that it runs. */
export const quick: Thoroughness = { rounds: 1, share: 10 };

/** Measures one of the pieces of work, and makes lines of it. */
export type Work = (how: Thoroughness) => Promise<readonly Row[]>;
