import { childrenOf, type Manifest } from '../../oci/manifest.js';
import type { BundleImage, BundleRecord, RequiredReferrer } from '../record.js';
import { repositoryOf } from '../repository-of.js';
import type { ValidationContext, ValidationRule } from '../validation-rule.js';

/** Checks that every image has the referrers that the bundle, or the caller, requires of it. */
export const requiredRule: ValidationRule = {
  id: 'required-referrers',
  onEnd(context) {
    const { record, manifests, settings } = context;
    const required = [...record.requireReferrers, ...settings.requireReferrers];
    if (required.length === 0) return;
    for (const image of record.images) {
      const counts = countTypes(record, image, manifests);
      for (const requirement of required) checkRequirement(context, image, requirement, counts);
    }
  },
};

function checkRequirement(
  { report }: ValidationContext,
  image: BundleImage,
  { artifactType, min }: RequiredReferrer,
  counts: ReadonlyMap<string, number>,
): void {
  const count = counts.get(artifactType) ?? 0;
  if (count >= min) return;
  report({
    code: 'ReferrerRequiredMissing',
    message: `image ${image.reference} has ${count} of ${min} required referrers of type ${artifactType}`,
    subject: image.digest,
    image: image.reference,
    expected: String(min),
    actual: String(count),
  });
}

/** Counts what refers to the image or to a manifest below its index; the referrers of referrers do not count. */
function countTypes(
  { referrers }: BundleRecord,
  image: BundleImage,
  manifests: ReadonlyMap<string, Manifest>,
): ReadonlyMap<string, number> {
  const parts = new Set([image.digest]);
  for (const digest of parts) {
    const manifest = manifests.get(digest);
    if (manifest?.kind === 'index') for (const child of childrenOf(manifest)) parts.add(child.digest);
  }
  const repository = repositoryOf(image.reference);
  const types = new Map<string, string | undefined>();
  for (const { subject, reference, artifacts } of referrers.subjects) {
    if (!parts.has(subject) || repositoryOf(reference) !== repository) continue;
    for (const { digest, artifactType } of artifacts) types.set(digest, artifactType);
  }
  const counts = new Map<string, number>();
  for (const type of types.values()) if (type !== undefined) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}
