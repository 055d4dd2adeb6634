import { childrenOf, type Manifest } from '../../oci/manifest.js';
import type { BundleImage, BundleRecord, BundleSubject, RequiredReferrer } from '../record.js';
import { repositoryOf } from '../repository-of.js';
import type { ValidationContext, ValidationRule } from '../validation-rule.js';

/** Checks that every image has the referrers that the bundle, or the caller, requires of it. */
export const requiredRule: ValidationRule = {
  id: 'required-referrers',
  onEnd(context) {
    const { record, manifests, settings } = context;
    const required = [...record.requireReferrers, ...settings.requireReferrers];
    if (required.length === 0) return;
    const lists = listsByRepository(record);
    for (const image of record.images) {
      const ofRepository = lists.get(repositoryOf(image.reference) ?? '');
      const counts = countTypes(partsOf(image, manifests), ofRepository ?? new Map());
      for (const requirement of required) checkRequirement(context, image, requirement, counts);
    }
  },
};

/** The lists of each repository, by subject. */
type Lists = ReadonlyMap<string, BundleSubject>;

function listsByRepository({ referrers }: BundleRecord): ReadonlyMap<string, Lists> {
  const repositories = new Map<string, Map<string, BundleSubject>>();
  for (const list of referrers.subjects) {
    const repository = repositoryOf(list.reference) ?? '';
    const lists = repositories.get(repository) ?? new Map<string, BundleSubject>();
    repositories.set(repository, lists.set(list.subject, list));
  }
  return repositories;
}

/** The image's own manifest and every manifest below its index; what refers to a referrer does not count. */
function partsOf(image: BundleImage, manifests: ReadonlyMap<string, Manifest>): ReadonlySet<string> {
  const parts = new Set([image.digest]);
  for (const digest of parts) {
    const manifest = manifests.get(digest);
    if (manifest?.kind === 'index') for (const child of childrenOf(manifest)) parts.add(child.digest);
  }
  return parts;
}

/** Counts what refers to the parts of an image by type, each digest once. */
function countTypes(parts: ReadonlySet<string>, lists: Lists): ReadonlyMap<string, number> {
  const types = new Map<string, string | undefined>();
  for (const part of parts) {
    for (const { digest, artifactType } of lists.get(part)?.artifacts ?? []) types.set(digest, artifactType);
  }
  const counts = new Map<string, number>();
  for (const type of types.values()) if (type !== undefined) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

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
