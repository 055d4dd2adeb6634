import { escapeText } from '../oci/escape.js';
import type { ValidationFinding } from './finding.js';
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
    headline(report),
    ...report.findings.flatMap(findingLines),
    ...(report.findingsDropped > 0 ? [`… and ${report.findingsDropped} more findings`] : []),
    ...(report.layout === undefined ? [] : layoutLines(report.layout, options)),
    ...(options.subjects === true && report.bundle !== undefined ? subjectLines(report.subjects) : []),
    totals(report),
    report.signed ? `signed by ${report.signedBy.join(', ')}` : 'unsigned: integrity, not authenticity',
  ];
  return `${lines.join('\n')}\n`;
}

function headline({ ok, bundle, layout }: ValidationReport): string {
  const result = ok ? 'VALID' : 'INVALID';
  if (layout !== undefined) return `${result}: image layout, not a bundle of this tool`;
  if (bundle === undefined) return `${result}: not a bundle that can be read`;
  const images = bundle.images.map(({ reference }) => escapeText(reference)).join(', ');
  return `${result}: bundle ${bundle.bundleId} of ${images || 'no image'}`;
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
    `${severity} ${code}: ${escapeText(message, 2048)}`,
    ...shown.map(([name, value]) => `  ${`${name}:`.padEnd(10)}${escapeText(value)}`),
  ];
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
    const more = bare.length === 1 ? 'manifest' : 'manifests';
    if (bare.length > 0) lines.push(`    ${bare.length} more ${more} had none when the bundle was made`);
  }
  return lines;
}

function totals({ findings, findingsDropped, entriesChecked, bytesChecked }: ValidationReport): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const dropped = findingsDropped > 0 ? ` and ${findingsDropped} not shown` : '';
  const counts = `${errors} errors, ${findings.length - errors} warnings${dropped}`;
  return `${counts}; ${entriesChecked} entries, ${bytesChecked} bytes checked`;
}
