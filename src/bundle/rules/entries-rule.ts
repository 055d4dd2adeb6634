import { describeOwner } from '../bundle-owners.js';
import { counted } from '../counted.js';
import { digestInName, kindOfEntry } from '../entry-names.js';
import type { FindingCode, FindingReport } from '../finding.js';
import type { BundleArtifact, BundleEntry, BundleSubject } from '../record.js';
import type { SeenEntry, ValidationContext, ValidationRule } from '../validation-rule.js';

/** Missing entries that are named when the archive ended too early; all the others are missing as well. */
const namedMissing = 3;

/** Checks that the bundle has exactly the entries the record lists, each with its size and digest. */
export const entriesRule: ValidationRule = {
  id: 'entries',
  onEnd(context) {
    const { record, seen, isComplete, isTruncated, report } = context;
    const referrers = referrersByPath(context);
    const missing: BundleEntry[] = [];
    for (const entry of record.entries) {
      const found = seen.get(entry.path);
      if (found === undefined) missing.push(entry);
      else if (found.size !== entry.size || found.digest !== entry.digest) {
        report(describeDifference(context, entry, found, referrers));
      }
    }
    // Where reading was given up, nobody knows what would have come.
    const named = isComplete ? missing : missing.slice(0, isTruncated ? namedMissing : 0);
    for (const entry of named) {
      const more = isComplete || entry !== named.at(-1) ? 0 : missing.length - named.length;
      report(describeMissing(context, entry, more, referrers));
    }
    for (const entry of seen.values()) reportUnexpected(context, entry);
  },
};

type ReferrersByPath = ReadonlyMap<string, { readonly list: BundleSubject; readonly artifact: BundleArtifact }>;

function referrersByPath({ record }: ValidationContext): ReferrersByPath {
  return new Map(
    record.referrers.subjects.flatMap((list) => list.artifacts.map((artifact) => [artifact.path, { list, artifact }])),
  );
}

function describeDifference(
  context: ValidationContext,
  entry: BundleEntry,
  found: SeenEntry,
  referrers: ReferrersByPath,
): FindingReport {
  const isSize = found.size !== entry.size;
  const { what, ...about } = identify(context, entry, referrers);
  return {
    code: codeFor(entry.path, isSize ? 'SizeMismatch' : 'ChecksumMismatch'),
    message: isSize
      ? `${what} has another size than bundle.json says`
      : `${what} does not hash to the digest that bundle.json says`,
    ...about,
    expected: isSize ? String(entry.size) : entry.digest,
    actual: isSize ? String(found.size) : found.digest,
  };
}

function describeMissing(
  context: ValidationContext,
  entry: BundleEntry,
  more: number,
  referrers: ReferrersByPath,
): FindingReport {
  const { what, ...about } = identify(context, entry, referrers);
  const rest = more === 0 ? '' : `, and ${counted(more, 'entry', 'entries')} after it`;
  return { code: codeFor(entry.path, 'Missing'), message: `${what} is not in the bundle${rest}`, ...about };
}

/** Says what an entry is to the operator: a referrer's file, content of something, or one of the bundle's own files. */
function identify(
  { ownerOf }: ValidationContext,
  { path, digest }: BundleEntry,
  referrers: ReferrersByPath,
): Pick<FindingReport, 'path' | 'digest' | 'subject' | 'image'> & { readonly what: string } {
  const referrer = referrers.get(path);
  if (referrer !== undefined) {
    const { reference: image, subject } = referrer.list;
    const what = `the file of ${describeOwner({ image, referrer: digest, ...referrer.artifact, subject })}`;
    return { what, path, digest, subject, image };
  }
  if (kindOfEntry(path) !== 'blob') return { what: path, path };
  const owner = ownerOf(digest);
  const role = owner?.referrer === digest ? 'the manifest of' : 'content of';
  const what = `${role} ${describeOwner(owner)}`;
  return { what, path, digest, subject: owner?.subject, image: owner?.image };
}

function codeFor(path: string, fault: 'Missing' | 'SizeMismatch' | 'ChecksumMismatch'): FindingCode {
  const kind = kindOfEntry(path);
  if (kind === 'referrer') return `Referrer${fault}`;
  if (kind === 'blob') return `Blob${fault}`;
  return fault === 'Missing' ? 'EntryMissing' : 'EntryChecksumMismatch';
}

function reportUnexpected({ expected, report }: ValidationContext, { path, kind }: SeenEntry): void {
  if (expected.has(path) || !['oci-layout', 'index', 'table', 'referrer', 'blob'].includes(kind)) return;
  const code = kind === 'referrer' ? 'ReferrerUnexpected' : 'EntryUnexpected';
  report({
    code,
    path,
    digest: digestInName(path),
    message: 'a file is in the bundle that bundle.json does not list',
  });
}
