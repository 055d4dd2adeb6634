import { bundleIdOf, writeRecord } from '../canonical-record.js';
import { entryPaths } from '../entry-paths.js';
import { recordContradictions } from '../record-contradictions.js';
import type { ValidationRule } from '../validation-rule.js';
import { digestOfText } from '../written-text.js';

/** Checks that `bundle.json` does not contradict itself and is in its canonical form. */
export const recordRule: ValidationRule = {
  id: 'record',
  onRecord({ record, report }) {
    for (const message of recordContradictions(record)) {
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
    const expected = digestOfText((sink) => {
      writeRecord(record, sink);
    });
    if (entry.digest === expected) return;
    const message = 'bundle.json is not in its canonical form: the same record was written by another program';
    report({ code: 'BundleRecordInvalid', path: entry.path, message, expected, actual: entry.digest });
  },
};
