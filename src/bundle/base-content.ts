import type { BundleBase } from './record.js';
import { repositoryOf } from './repository-of.js';

/**
 * Lists what a target has once the base, and the bundles before it, have been imported: blobs and their sizes.
 *
 * @remarks Manifests are not among them: every bundle carries all of its own.
 */
export function blobsOfBase({ entries, external }: BundleBase): ReadonlyMap<string, number> {
  const carried = entries.filter(({ path, mediaType }) => path.startsWith('blobs/') && mediaType === undefined);
  const before = external.filter(({ reason }) => reason === 'delta');
  return new Map([...carried, ...before].map(({ digest, size }) => [digest, size]));
}

/** Lists the repositories a base has images of: a registry keeps blobs by repository, and may lack one everywhere else. */
export function repositoriesOfBase({ images }: BundleBase): ReadonlySet<string> {
  return new Set(images.map(({ reference }) => repositoryOf(reference) ?? reference));
}
