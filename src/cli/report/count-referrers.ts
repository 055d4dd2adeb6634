import type { ArtifactCategory } from '../../index.js';

interface Counted {
  readonly digest: string;
  readonly size: number;
  readonly category: ArtifactCategory;
}

/** How many referrers there are, each counted once. */
export interface ReferrerCounts {
  readonly total: number;
  /** Bytes of their manifests. */
  readonly manifestBytes: number;
  readonly categories: readonly (readonly [category: ArtifactCategory, count: number])[];
}

/** Counts referrers by category; one that refers to several manifests, or is listed twice, is one. */
export function countReferrers(lists: Iterable<readonly Counted[]>): ReferrerCounts {
  const once = new Map<string, Counted>();
  for (const list of lists) for (const referrer of list) once.set(referrer.digest, referrer);
  const counts = new Map<ArtifactCategory, number>();
  let manifestBytes = 0;
  for (const { category, size } of once.values()) {
    counts.set(category, (counts.get(category) ?? 0) + 1);
    manifestBytes += size;
  }
  const categories = [...counts].sort(([, left], [, right]) => right - left);
  return { total: once.size, manifestBytes, categories };
}
