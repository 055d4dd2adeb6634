import { categoryOf } from '../oci/artifact-kind.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { WalkOptions } from './graph.js';

/** The options that decide which referrers a walk keeps. */
type Filters = Pick<WalkOptions, 'artifactTypes' | 'excludeArtifactTypes' | 'categories' | 'excludeCategories'>;

/**
 * Tells whether the filters let a referrer through: each of them must.
 *
 * @param referrer - as its own manifest describes it
 * @param tag - cosign's older tag, for what names no subject itself
 */
export function isWanted(referrer: Descriptor, tag: string | undefined, filters: Filters): boolean {
  const { artifactTypes, excludeArtifactTypes, categories, excludeCategories } = filters;
  return (
    isKept(referrer.artifactType ?? '', artifactTypes, excludeArtifactTypes) &&
    isKept(categoryOf(referrer.artifactType, referrer.annotations, tag), categories, excludeCategories)
  );
}

/** Tells whether a value is among those to keep, all when none is named, and not among those to leave out. */
export function isKept<Value>(
  value: Value,
  kept: readonly Value[] | undefined,
  leftOut: readonly Value[] | undefined,
): boolean {
  if (leftOut?.includes(value) === true) return false;
  return kept === undefined || kept.length === 0 || kept.includes(value);
}
