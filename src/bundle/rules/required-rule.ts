import type { Manifest } from '../../oci/manifest.js';
import { imageParts } from '../image-parts.js';
import type { BundleSubject, RequiredReferrer } from '../record.js';
import { recordByRepository } from '../record-by-repository.js';
import { repositoryOf } from '../repository-of.js';
import { StepBudget } from '../step-budget.js';
import type { ValidationContext, ValidationRule } from '../validation-rule.js';

/** Checks that every image has the referrers that the bundle, or the caller, requires of it. */
export const requiredRule: ValidationRule = {
  id: 'required-referrers',
  onEnd(context) {
    const { record, settings, report } = context;
    const required = strictest([...record.requireReferrers, ...settings.requireReferrers]);
    if (required.length === 0) return;
    const repositories = recordByRepository(record);
    const counted = new Map<string, Counts>();
    const steps = new StepBudget();
    for (const { reference, digest } of record.images) {
      const repository = repositoryOf(reference) ?? '';
      // Many tags of one repository may name the same image.
      const key = `${repository}@${digest}`;
      const counts =
        counted.get(key) ?? countTypes(digest, context.manifests, repositories.get(repository)?.lists, steps);
      counted.set(key, counts);
      if (steps.isSpent) {
        report(steps.finding);
        return;
      }
      for (const requirement of required) checkRequirement(context, { reference, digest }, requirement, counts);
    }
  },
};

/** Each type once, with the largest number that was asked for. */
function strictest(required: readonly RequiredReferrer[]): readonly RequiredReferrer[] {
  const byType = new Map<string, RequiredReferrer>();
  for (const one of required) {
    if (one.min > (byType.get(one.artifactType)?.min ?? 0)) byType.set(one.artifactType, one);
  }
  return [...byType.values()];
}

type Counts = ReadonlyMap<string, number>;

/** Counts what refers to the parts of an image by type, each digest once. */
function countTypes(
  image: string,
  manifests: ReadonlyMap<string, Manifest>,
  lists: ReadonlyMap<string, BundleSubject> | undefined,
  steps: StepBudget,
): Counts {
  const types = new Map<string, string | undefined>();
  const parts = imageParts(image, (digest) => (steps.take() ? manifests.get(digest) : undefined));
  for (const part of parts) {
    for (const { digest, artifactType } of lists?.get(part)?.artifacts ?? []) {
      if (!steps.take()) return new Map();
      types.set(digest, artifactType);
    }
  }
  const counts = new Map<string, number>();
  for (const type of types.values()) if (type !== undefined) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

function checkRequirement(
  { report }: ValidationContext,
  image: { readonly reference: string; readonly digest: string },
  { artifactType, min }: RequiredReferrer,
  counts: Counts,
): void {
  const count = counts.get(artifactType) ?? 0;
  if (count >= min) return;
  report({
    code: 'ReferrerRequiredMissing',
    message: `the image has too few referrers of type ${artifactType}`,
    subject: image.digest,
    image: image.reference,
    expected: String(min),
    actual: String(count),
  });
}
