import type { BundleRecord, BundleSubject } from './record.js';
import { repositoryOf } from './repository-of.js';

/** What a bundle says about one repository. */
export interface RepositoryRecord {
  /** Digests of its images. */
  readonly images: ReadonlySet<string>;
  /** Its lists of referrers, by subject. */
  readonly lists: ReadonlyMap<string, BundleSubject>;
}

/** Sorts images and lists of referrers by the repository they belong to; what has no readable reference is left out. */
export function recordByRepository({ images, referrers }: BundleRecord): ReadonlyMap<string, RepositoryRecord> {
  const repositories = new Map<string, { images: Set<string>; lists: Map<string, BundleSubject> }>();
  const at = (reference: string): { images: Set<string>; lists: Map<string, BundleSubject> } => {
    const repository = repositoryOf(reference) ?? '';
    const known = repositories.get(repository) ?? { images: new Set(), lists: new Map() };
    repositories.set(repository, known);
    return known;
  };
  for (const { reference, digest } of images) at(reference).images.add(digest);
  for (const list of referrers.subjects) at(list.reference).lists.set(list.subject, list);
  repositories.delete('');
  return repositories;
}
