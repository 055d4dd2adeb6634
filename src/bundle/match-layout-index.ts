import { digestOf } from '../oci/digest.js';
import { subjectOf } from '../oci/manifest.js';
import { entryPaths } from './entry-paths.js';
import { type LayoutIndex, type LayoutReferrers, layoutIndex } from './layout-index.js';
import type { BundleRecord } from './record.js';
import { repositoryOf } from './repository-of.js';
import type { ValidationContext } from './validation-rule.js';

const modes: readonly LayoutReferrers[] = ['both', 'untagged', 'tag-schema', 'none'];

/** `unknown` where index.json, the record's names or a referrer's manifest cannot be read. */
export type MatchedLayout = LayoutIndex | 'different' | 'unknown';

/**
 * Finds the `index.json` that our writer makes of the record and that has the digest of the one that was read.
 *
 * @remarks The record does not say how referrers are shown to other tools, so all four ways are tried.
 * @returns `unknown` where the record or a referrer's manifest could not be read: that has been reported already
 */
export function matchLayoutIndex(
  record: BundleRecord,
  { manifests, isComplete, seen }: Pick<ValidationContext, 'manifests' | 'isComplete' | 'seen'>,
): MatchedLayout {
  const { subjects } = record.referrers;
  const isReadable = subjects.every(({ artifacts }) => artifacts.every(({ digest }) => manifests.has(digest)));
  const isNamed = [...record.images, ...subjects].every(({ reference }) => repositoryOf(reference) !== undefined);
  const found = seen.get(entryPaths.index);
  if (!isComplete || !isReadable || !isNamed || found === undefined) return 'unknown';
  const namesSubject = (digest: string, subject: string): boolean => {
    const manifest = manifests.get(digest);
    return manifest !== undefined && subjectOf(manifest)?.digest === subject;
  };
  for (const mode of modes) {
    const layout = layoutIndex(record.images, subjects, mode, namesSubject);
    if (digestOf(layout.bytes) === found.digest) return layout;
  }
  return 'different';
}
