import { digestOf } from '../../oci/digest.js';
import { ociLayoutFile } from '../../oci/image-layout.js';
import { digestRecordFiles } from '../checksums.js';
import { entryPaths } from '../entry-paths.js';
import { writeAttestationsIndex, writeReferrersIndex } from '../index-tables.js';
import type { ValidationContext, ValidationRule } from '../validation-rule.js';
import { digestOfText } from '../written-text.js';

/**
 * Checks that every file made from the record is, byte for byte, what the record makes.
 *
 * @remarks Other tools and people read these files; a bundle must not tell them something else than it tells us.
 */
export const derivedFilesRule: ValidationRule = {
  id: 'derived-files',
  onEnd(context) {
    const { record, isComplete, seen, report } = context;
    const made = digestRecordFiles(record).filter(({ path }) => path !== entryPaths.record);
    for (const { path, digest } of made) {
      if (seen.has(path)) compare(context, path, digest);
      else if (isComplete) report({ code: 'EntryMissing', path, message: `${path} is not in the bundle` });
    }
    const paths = new Set(made.map(({ path }) => path));
    for (const { kind, path } of seen.values()) {
      if (kind !== 'checksums' || paths.has(path)) continue;
      report({ code: 'EntryUnexpected', path, message: `${path} is in the bundle, and no entry has such a digest` });
    }
    const { subjects } = record.referrers;
    const attestations = digestOfText((sink) => {
      writeAttestationsIndex(subjects, sink);
    });
    const referrers = digestOfText((sink) => {
      writeReferrersIndex(subjects, sink);
    });
    compare(context, entryPaths.ociLayout, digestOf(ociLayoutFile));
    compare(context, entryPaths.attestationsIndex, attestations);
    compare(context, entryPaths.referrersIndex, referrers);
    if (context.layout() !== 'different') return;
    reportDifference(context, entryPaths.index);
  },
};

function compare(context: ValidationContext, path: string, expected: string): void {
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
