import type { FindingReport } from './finding.js';

/**
 * Steps that one rule may take from manifest to manifest: well under a second.
 *
 * A bundle of 10,000 images of 30 platforms takes a million. Thousands of images that share indexes of thousands of
 * manifests would take billions, from a file of a few megabytes.
 */
const maxSteps = 2_500_000;

/** Bounds work that grows with images times manifests. */
export class StepBudget {
  readonly limit: number = maxSteps;
  readonly message: string = 'the images of this bundle lead to the same manifests too often to be followed';
  #left = maxSteps;

  /** Counts steps, one by default; false when there are not so many left. */
  take(steps = 1): boolean {
    this.#left -= steps;
    return !this.isSpent;
  }

  get isSpent(): boolean {
    return this.#left < 0;
  }

  /** What to report when the steps are spent. */
  get finding(): FindingReport {
    return { code: 'LimitExceeded', message: this.message, expected: String(this.limit) };
  }
}
