import { nextStepFor, type ValidationFinding, type ValidationReport } from '../../index.js';
import { countOf } from '../format-size.js';
import type { Fact, FindingGroup, Statement } from './report-view.js';

/** A validation, with what the command line knows about its signatures. */
export interface Validated {
  readonly report: ValidationReport;
  /** Signatures in the bundle and beside it; absent where the file is too damaged to look for them. */
  readonly signatures: readonly string[] | undefined;
  /** Files of the keys that were given, by the hint that the report names a key by. */
  readonly keyFiles: ReadonlyMap<string, string>;
  readonly threshold: number;
}

/** Says in one sentence what came of a validation. */
export function verdictOf({ ok, findings, findingsDropped }: ValidationReport): Statement {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const counts = [errors, findings.length - errors] as const;
  const more = findingsDropped === 0 ? '' : ` and ${countOf(findingsDropped, 'more finding')}`;
  if (!ok) return { tone: 'bad', text: `INVALID: ${countOf(counts[0], 'error')}${more}. Do not import it.` };
  if (counts[1] + findingsDropped > 0) {
    return { tone: 'notice', text: `VALID, with ${countOf(counts[1], 'warning')}${more}` };
  }
  return { tone: 'good', text: 'VALID: every file in it is what its record says' };
}

/** Sorts findings by code, errors first; what to do next is the same for all of a code. */
export function groupFindings(findings: readonly ValidationFinding[]): readonly FindingGroup[] {
  const groups = new Map<string, ValidationFinding[]>();
  for (const finding of findings) {
    const key = `${finding.severity} ${finding.code}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  const all = [...groups.values()].flatMap(([first, ...rest]): FindingGroup[] => {
    if (first === undefined) return [];
    const { code, severity } = first;
    return [{ code, severity, next: nextStepFor(code), findings: [first, ...rest] }];
  });
  return [
    ...all.filter(({ severity }) => severity === 'error'),
    ...all.filter(({ severity }) => severity === 'warning'),
  ];
}

/** Says of a manifest what was found about it. */
export function troubleByDigest(findings: readonly ValidationFinding[]): ReadonlyMap<string, Statement> {
  const counts = new Map<string, { errors: number; warnings: number }>();
  for (const { digest, severity } of findings) {
    if (digest === undefined) continue;
    const count = counts.get(digest) ?? { errors: 0, warnings: 0 };
    counts.set(digest, count);
    if (severity === 'error') count.errors += 1;
    else count.warnings += 1;
  }
  const entries = [...counts].map(([digest, { errors, warnings }]): [string, Statement] => {
    const parts = [
      ...(errors === 0 ? [] : [countOf(errors, 'error')]),
      ...(warnings === 0 ? [] : [countOf(warnings, 'warning')]),
    ];
    return [digest, { tone: errors > 0 ? 'bad' : 'notice', text: `${parts.join(' and ')}, see Findings` }];
  });
  return new Map(entries);
}

/** Says in a word whether somebody vouches for the bundle. */
export function signedFact({ report, signatures, keyFiles, threshold }: Validated): Fact {
  const label = 'Signed';
  if (report.signed) {
    const note = `by ${report.signedBy.length} of ${countOf(keyFiles.size, 'key')} given, ${threshold} required`;
    return { label, value: 'yes', note, tone: 'good' };
  }
  if (keyFiles.size > 0) return { label, value: 'no', note: 'not by enough of the keys given', tone: 'bad' };
  if (signatures === undefined) return { label, value: 'unknown', note: 'the file is damaged', tone: 'bad' };
  if (signatures.length === 0) return { label, value: 'no', note: 'integrity, not authenticity', tone: 'notice' };
  return { label, value: 'not checked', note: 'no key was given', tone: 'notice' };
}

/** Says of each key whether it has signed, and of each signature whether anybody looked at it. */
export function describeSignatures({ report, signatures, keyFiles, threshold }: Validated): readonly Statement[] {
  if (signatures === undefined) {
    return [{ tone: 'bad', text: 'Signatures could not be looked for: the file is damaged' }];
  }
  if (keyFiles.size === 0) {
    const unchecked = signatures.map((path): Statement => {
      return { tone: 'notice', text: `${path}: not checked, because no key was given (--key)` };
    });
    const unsigned =
      'Unsigned: nobody vouches for this bundle. Whoever rewrites all of it consistently is not found out.';
    return unchecked.length === 0 ? [{ tone: 'notice', text: unsigned }] : unchecked;
  }
  const signed = new Set(report.signedBy);
  return [
    ...[...keyFiles].map(([hint, file]): Statement => {
      return signed.has(hint)
        ? { tone: 'good', text: `Signed by ${file}: the signature verifies with this key (${hint})` }
        : { tone: report.signed ? 'plain' : 'bad', text: `Not signed by ${file} (${hint})` };
    }),
    {
      tone: report.signed ? 'good' : 'bad',
      text: `Keys that have signed: ${signed.size} of ${keyFiles.size} given; required: ${threshold}`,
    },
    ...signatures.map((path): Statement => ({ tone: 'plain', text: `Signature file: ${path}` })),
  ];
}
