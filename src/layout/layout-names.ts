import type { Descriptor } from '../oci/descriptor.js';
import type { EntryName } from './change-index.js';
import type { LayoutEntry } from './layout-entry.js';

/**
 * Chooses the name of something a repository's image brings along: a tag alone, or the full reference.
 *
 * @remarks The rule of a bundle's index.json: a tag alone as long as everything that is known to belong anywhere belongs
 * to one repository. What an image is called already stays.
 */
export function entryNameFor(entries: readonly LayoutEntry[], repository: string | undefined, tag: string): EntryName {
  if (repository === undefined) return { name: tag };
  const full = `${repository}:${tag}`;
  const ours = entries.find(
    (entry) => entry.repository === repository && entry.tag === tag && entry.name !== undefined,
  );
  return { name: ours?.name ?? (isShared(entries, repository) ? full : tag), imageName: full };
}

/** The name of an image without a tag. */
export function digestNameFor(repository: string, { digest }: Descriptor): EntryName {
  const full = `${repository}@${digest}`;
  return { name: full, imageName: full };
}

/** Tells whether the layout holds something of another repository. */
export function isShared(entries: readonly LayoutEntry[], repository: string): boolean {
  return entries.some(({ repository: owner }) => owner !== undefined && owner !== repository);
}
