import { type Manifest, manifestsBelow } from '../../oci/manifest.js';
import { entryPaths } from '../entry-paths.js';
import { type RepositoryRecord, recordByRepository } from '../record-by-repository.js';
import { StepBudget } from '../step-budget.js';
import type { ValidationRule } from '../validation-rule.js';

/**
 * Checks that an image of its own repository leads to every list of referrers.
 *
 * @remarks An import goes from an image to what refers to it: a list that nothing leads to would be counted here and
 * never be pushed.
 */
export const listsRule: ValidationRule = {
  id: 'lists',
  onEnd({ record, manifests, isComplete, report }) {
    const isRead = record.entries.every(({ digest, mediaType }) => mediaType === undefined || manifests.has(digest));
    // What a manifest that could not be read leads to is not known; that it could not be has been reported.
    if (!isComplete || !isRead) return;
    const steps = new StepBudget();
    for (const repository of recordByRepository(record).values()) {
      const reached = reachedFrom(repository, manifests, steps);
      if (steps.isSpent) {
        report(steps.finding);
        return;
      }
      for (const { subject, reference } of repository.lists.values()) {
        if (reached.has(subject)) continue;
        const message = 'no image of its repository leads to this list of referrers';
        report({ code: 'BundleRecordInvalid', path: entryPaths.record, message, subject, image: reference });
      }
    }
  },
};

/** Follows images down their indexes, and up to their referrers, as an import of this repository does. */
function reachedFrom(
  { images, lists }: RepositoryRecord,
  manifests: ReadonlyMap<string, Manifest>,
  steps: StepBudget,
): ReadonlySet<string> {
  const reached = new Set(images);
  for (const digest of reached) {
    const manifest = manifests.get(digest);
    const children = manifest === undefined ? [] : manifestsBelow(manifest);
    for (const next of [...children, ...(lists.get(digest)?.artifacts ?? [])]) {
      if (!steps.take()) return reached;
      reached.add(next.digest);
    }
  }
  return reached;
}
