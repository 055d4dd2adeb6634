import { digestOf } from '../../oci/digest.js';
import { ociLayoutFile } from '../../oci/image-layout.js';
import { emitRecordFiles } from '../checksums.js';
import { entryPaths } from '../entry-paths.js';
import { emitAttestationsIndex, emitReferrersIndex } from '../index-tables.js';
import type { ValidationContext, ValidationRule } from '../validation-rule.js';

/**
 * Checks that every file made from the record is, byte for byte, what the record makes.
 *
 * @remarks Other tools and people read these files; a bundle must not tell them something else than it tells us.
 */
export const derivedFilesRule: ValidationRule = {
  id: 'derived-files',
  onEnd(context) {
    const { record, isComplete, seen, report } = context;
    const made = emitRecordFiles(record).filter(({ path }) => path !== entryPaths.record);
    for (const { path, bytes } of made) {
      if (seen.has(path)) compare(context, path, bytes);
      else if (isComplete) report({ code: 'EntryMissing', path, message: `${path} is not in the bundle` });
    }
    const paths = new Set(made.map(({ path }) => path));
    for (const { kind, path } of seen.values()) {
      if (kind !== 'checksums' || paths.has(path)) continue;
      report({ code: 'EntryUnexpected', path, message: `${path} is in the bundle, and no entry has such a digest` });
    }
    compare(context, entryPaths.ociLayout, ociLayoutFile);
    compare(context, entryPaths.attestationsIndex, emitAttestationsIndex(record.referrers.subjects));
    compare(context, entryPaths.referrersIndex, emitReferrersIndex(record.referrers.subjects));
    if (context.layout() !== 'different') return;
    reportDifference(context, entryPaths.index);
  },
};

function compare(context: ValidationContext, path: string, bytes: Buffer): void {
  const expected = digestOf(bytes);
  const actual = context.seen.get(path)?.digest;
  if (actual !== undefined && actual !== expected) reportDifference(context, path, expected);
}

function reportDifference(
  { seen, expected: listed, report }: ValidationContext,
  path: string,
  expected?: string,
): void {
  const actual = seen.get(path)?.digest;
  // Where the record itself lists another digest, that has been reported as such.
  const entry = listed.get(path);
  if (entry !== undefined && entry.digest !== actual) return;
  report({ code: 'DerivedFileMismatch', path, message: `${path} is not what bundle.json makes`, expected, actual });
}
