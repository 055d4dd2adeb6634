import { digestOf } from '../../oci/digest.js';
import { bundleIdOf, canonicalRecord } from '../canonical-record.js';
import { compareEntries, digestInName, kindOfEntry } from '../entry-names.js';
import { entryPaths, referrerPath } from '../entry-paths.js';
import type { BundleEntry, BundleRecord, BundleSubject } from '../record.js';
import { repositoryOf } from '../repository-of.js';
import type { ValidationRule } from '../validation-rule.js';

/** Checks that `bundle.json` does not contradict itself and is in its canonical form. */
export const recordRule: ValidationRule = {
  id: 'record',
  onRecord({ record, report }) {
    for (const message of contradictions(record)) {
      report({ code: 'BundleRecordInvalid', path: entryPaths.record, message: `bundle.json: ${message}` });
    }
    const actual = bundleIdOf(record.entries, record.external);
    if (actual === record.bundleId) return;
    report({
      code: 'BundleRecordInvalid',
      path: entryPaths.record,
      message: 'bundle.json: bundleId is not the id of the entries and external content listed there',
      expected: record.bundleId,
      actual,
    });
  },
  onEntry({ record, report }, entry) {
    if (entry.kind !== 'record') return;
    const expected = digestOf(canonicalRecord(record));
    if (entry.digest === expected) return;
    const message = 'bundle.json is not in its canonical form: the same record was written by another program';
    report({ code: 'BundleRecordInvalid', path: entry.path, message, expected, actual: entry.digest });
  },
};

function* contradictions(record: BundleRecord): Generator<string> {
  yield* entryContradictions(record.entries);
  const required = [entryPaths.ociLayout, entryPaths.index, entryPaths.attestationsIndex, entryPaths.referrersIndex];
  const paths = new Set(record.entries.map(({ path }) => path));
  for (const path of required) if (!paths.has(path)) yield `no entry for ${path}`;
  yield* repeated(
    'image',
    record.images.map(({ reference }) => reference),
  );
  for (const { reference } of record.images)
    if (repositoryOf(reference) === undefined) yield `no reference: ${reference}`;
  const { subjects } = record.referrers;
  yield* repeated(
    'list of referrers',
    subjects.map((list) => `${repositoryOf(list.reference) ?? ''}@${list.subject}`),
  );
  for (const list of subjects) yield* listContradictions(list);
  if (record.complete !== subjects.every(({ discovery }) => discovery.complete)) {
    yield 'complete does not agree with the lists of referrers';
  }
  yield* repeated(
    'external content',
    record.external.map(({ digest }) => digest),
  );
  const inside = new Set(record.entries.map(({ digest }) => digest));
  for (const { digest } of record.external) if (inside.has(digest)) yield `${digest} is external and an entry at once`;
}

function* entryContradictions(entries: readonly BundleEntry[]): Generator<string> {
  let previous: string | undefined;
  for (const { path, digest } of entries) {
    const kind = kindOfEntry(path);
    if (kind === undefined || ['record', 'manifest-yaml', 'checksums', 'signature'].includes(kind)) {
      yield `${JSON.stringify(path)} is no entry that a record lists`;
    } else if ((digestInName(path) ?? digest) !== digest) {
      yield `the digest of ${path} is not the one in its name`;
    } else if (digestInName(path) === undefined && !digest.startsWith('sha256:')) {
      yield `the digest of ${path} is not a sha256`;
    }
    if (previous !== undefined && compareEntries(previous, path) >= 0) {
      yield `${JSON.stringify(path)} is listed twice or out of order`;
    }
    previous = path;
  }
}

function* listContradictions({ subject, reference, discovery, artifacts }: BundleSubject): Generator<string> {
  const where = `the list of ${subject} in ${reference}`;
  if (repositoryOf(reference) === undefined) yield `no reference: ${reference}`;
  if (discovery.included !== artifacts.length) yield `${where} counts ${discovery.included}, has ${artifacts.length}`;
  yield* repeated(
    `in ${where}: referrer`,
    artifacts.map(({ digest }) => digest),
  );
  for (const { digest, path, sha256 } of artifacts) {
    if (path !== referrerPath(subject, digest)) yield `${where} names another path for ${digest}`;
    if (digest.startsWith('sha256:') && digest !== `sha256:${sha256}`)
      yield `${where} has another sha256 for ${digest}`;
  }
}

function* repeated(what: string, keys: readonly string[]): Generator<string> {
  const seen = new Set<string>();
  for (const key of keys) {
    if (seen.has(key)) yield `${what} ${key} is listed twice`;
    seen.add(key);
  }
}
