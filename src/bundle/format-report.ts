import { escapeText } from '../oci/escape.js';
import { counted } from './counted.js';
import type { FindingCode, ValidationFinding } from './finding.js';
import type { LayoutSummary, LayoutSummaryReferrer } from './foreign/layout-summary.js';
import { nextStepFor } from './next-steps.js';
import type { SubjectSummary, ValidationReport } from './validation-report.js';

/** Options of {@link formatReport}. */
export interface FormatReportOptions {
  /** Also lists how the referrers of each subject came through; false by default. */
  readonly subjects?: boolean | undefined;
}

/**
 * Writes a report as text for a terminal or a log: what was found, where, what was expected, and what to do next.
 *
 * @returns lines without colour, ending with a newline; control characters from the bundle are made visible
 * @example
 * ```ts
 * import { formatReport, ImportValidator } from '@stellaops/oci-referrers';
 *
 * const report = await new ImportValidator().validate('bundle.tgz');
 * process.stdout.write(formatReport(report, { subjects: true }));
 * ```
 */
export function formatReport(report: ValidationReport, options: FormatReportOptions = {}): string {
  const lines = [
    ...headlines(report),
    ...allFindingLines(report.findings),
    ...(report.findingsDropped > 0 ? [`… and ${counted(report.findingsDropped, 'more finding')}`] : []),
    ...(report.layout === undefined ? [] : layoutLines(report.layout, options)),
    ...(options.subjects === true && report.bundle !== undefined ? subjectLines(report.subjects) : []),
    totals(report),
    describeSigners(report),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Says in one line who has signed a bundle, or why a report vouches for integrity only.
 *
 * @returns such as `signed by HINT`, or `unsigned: integrity, not authenticity`
 * @example
 * ```ts
 * import { describeSigners, ImportValidator } from '@stellaops/oci-referrers';
 *
 * console.log(describeSigners(await new ImportValidator().validate('bundle.tgz')));
 * ```
 */
export function describeSigners({ signed, signedBy, findings }: ValidationReport): string {
  const names = signedBy.join(', ');
  if (signed) return `signed by ${names}`;
  const has = (...codes: readonly FindingCode[]): boolean => findings.some(({ code }) => codes.includes(code));
  let state = 'unsigned';
  if (names !== '') state = `signed by ${names}, fewer than required`;
  else if (has('SignatureUntrusted', 'SignatureInvalid')) state = 'not signed by a trusted key';
  else if (has('SignatureUnchecked')) state = 'signatures not checked';
  return `${state}: integrity, not authenticity`;
}

/** An id is as long as a terminal is wide, so it has a line of its own. */
function headlines({ ok, bundle, layout }: ValidationReport): readonly string[] {
  const result = ok ? 'VALID' : 'INVALID';
  if (layout !== undefined) return [`${result}: image layout, not a bundle of this tool`];
  if (bundle === undefined) return [`${result}: not a bundle that can be read`];
  const images = bundle.images.map(({ reference }) => escapeText(reference)).join(', ');
  return [`${result}: bundle of ${images || 'no image'}`, `  bundle ${bundle.bundleId}`];
}

/** Content that a delta leaves to its base may be every layer of every image: the first pieces stand for all. */
const maxExternalShown = 3;

function allFindingLines(findings: readonly ValidationFinding[]): string[] {
  const external = findings.filter(({ code }) => code === 'ExternalBlob');
  const hidden = new Set(external.slice(maxExternalShown));
  const last = external[maxExternalShown - 1];
  return findings.flatMap((finding) => {
    if (hidden.has(finding)) return [];
    if (finding !== last || hidden.size === 0) return findingLines(finding);
    const more = `${finding.severity} ExternalBlob: ${hidden.size} more like this; the report as data (--format json) has all`;
    return [...findingLines(finding), more];
  });
}

function findingLines(finding: ValidationFinding): string[] {
  const { severity, code, message, image, subject, digest, path, expected, actual } = finding;
  const fields = [
    ['image', image],
    ['subject', subject],
    ['digest', digest],
    ['path', path],
    ['expected', expected],
    ['found', actual],
    ['next', nextStepFor(code)],
  ] as const;
  const shown = fields.filter((field): field is readonly [(typeof field)[0], string] => field[1] !== undefined);
  return [
    `${severity} ${code}: ${escapeText(shorten(message, [path, digest, subject]), 2048)}`,
    ...shown.map(([name, value]) => `  ${`${name}:`.padEnd(10)}${escapeText(value)}`),
  ];
}

/** What a field gives in full need not fill two lines of the message as well. */
function shorten(message: string, fields: readonly (string | undefined)[]): string {
  return fields.reduce<string>((text, field) => {
    const short = field?.replace(/[a-f0-9]{64,}/g, (hex) => `${hex.slice(0, 12)}…`);
    return field === undefined || short === undefined ? text : text.replaceAll(field, () => short);
  }, message);
}

function layoutLines(
  { images, referrers, unreferenced, otherFiles }: LayoutSummary,
  { subjects = false }: FormatReportOptions,
): string[] {
  const named = images.map(
    ({ name, digest }) => `  image     ${name === undefined ? '' : `${escapeText(name)}  `}${digest}`,
  );
  const by = (how: LayoutSummaryReferrer['foundBy'][0]): number =>
    referrers.filter(({ foundBy }) => foundBy.includes(how)).length;
  const found = `${by('untagged')} as entries of index.json, ${by('tag-schema')} under referrers tags`;
  const listed = subjects ? referrers : [];
  return [
    ...named,
    `  referrers ${referrers.length}${referrers.length === 0 ? '' : `: ${found}`}`,
    ...listed.flatMap(({ digest, subject, artifactType }) => [
      `    ${digest}  ${escapeText(artifactType ?? 'no type')}`,
      `      of ${subject}`,
    ]),
    ...(unreferenced > 0 ? [`  blobs     ${unreferenced} that nothing leads to`] : []),
    ...(otherFiles > 0 ? [`  files     ${otherFiles} that are no part of a layout; nobody looked into them`] : []),
  ];
}

function subjectLines(subjects: readonly SubjectSummary[]): string[] {
  const lines = ['referrers found unchanged, by subject:'];
  const byImage = new Map<string, SubjectSummary[]>();
  for (const summary of subjects) {
    const own = byImage.get(summary.image) ?? [];
    own.push(summary);
    byImage.set(summary.image, own);
  }
  for (const [image, own] of byImage) {
    lines.push(`  ${escapeText(image)}`);
    const bare = own.filter(({ expected, complete }) => expected === 0 && complete);
    for (const { subject, expected, ok, complete } of own) {
      if (expected > 0 || !complete)
        lines.push(`    ${ok}/${expected} ${subject}${complete ? '' : ' (not confirmed at export)'}`);
    }
    const { length } = bare;
    if (length > 0) lines.push(`    ${counted(length, 'more manifest')} had none when the bundle was made`);
  }
  return lines;
}

function totals({ findings, findingsDropped, entriesChecked, bytesChecked }: ValidationReport): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const dropped = findingsDropped > 0 ? ` and ${findingsDropped} not shown` : '';
  const counts = `${counted(errors, 'error')}, ${counted(findings.length - errors, 'warning')}${dropped}`;
  return `${counts}; ${counted(entriesChecked, 'entry', 'entries')}, ${counted(bytesChecked, 'byte')} checked`;
}
