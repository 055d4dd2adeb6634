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
  #left = maxSteps;

  /** Counts one step; false when there are none left. */
  take(): boolean {
    this.#left -= 1;
    return !this.isSpent;
  }

  get isSpent(): boolean {
    return this.#left < 0;
  }

  /** What to report when the steps are spent. */
  get finding(): FindingReport {
    const message = 'the images of this bundle lead to the same manifests too often to be followed';
    return { code: 'LimitExceeded', message, expected: String(maxSteps) };
  }
}
