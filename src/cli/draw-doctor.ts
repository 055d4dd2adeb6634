import { type DoctorReport, type DoctorResult, type DoctorSeverity, escapeText } from '../index.js';
import { wrapText } from './wrap-text.js';

const marks: Readonly<Record<DoctorSeverity, string>> = {
  pass: '✓ pass',
  info: 'i info',
  warn: '! warn',
  fail: '✗ FAIL',
};
/** What stands at the top of the report already, or among the causes. */
const shownElsewhere = /^(?:registry_url|repository|tag|error_code|.*_evidence)$/;

/** Draws a report: short for what passed, with causes and remedies for everything else. */
export function drawDoctorReport(report: DoctorReport, width: number): readonly string[] {
  const { registryUrl, repository, tag, results } = report;
  const told = new Map<string, DoctorResult>();
  const lines = results.flatMap((result) => {
    const key = JSON.stringify([result.likelyCauses, result.howToFix]);
    const earlier = told.get(key);
    if (earlier === undefined) told.set(key, result);
    return [...drawResult(result, earlier, width), ''];
  });
  return [`${registryUrl}, test image ${repository}:${tag}`, '', ...lines, summaryOf(report)];
}

/** Says how the checks ended, in one line. */
export function summaryOf({ summary, results, durationMs }: DoctorReport): string {
  const { pass, info, warn, fail } = summary;
  const warnings = warn === 1 ? '1 warning' : `${warn} warnings`;
  const checks = results.length === 1 ? '1 check' : `${results.length} checks`;
  return `${checks}: ${pass} passed, ${info} info, ${warnings}, ${fail} failed (${(durationMs / 1000).toFixed(1)} s)`;
}

function drawResult(result: DoctorResult, earlier: DoctorResult | undefined, width: number): readonly string[] {
  const { severity, checkId, message } = result;
  const text = (said: string, margin: string, indent = margin): readonly string[] =>
    wrapText(`${margin}${escapeText(said, 4096)}`, width, indent);
  const head = [`${marks[severity]}  ${checkId}`, ...text(message, '        ')];
  if (severity === 'pass') return head;
  const seen = Object.entries(result.evidence)
    .filter(([name]) => !shownElsewhere.test(name))
    .map(([name, value]) => `${name}=${value}`);
  return [
    ...head,
    ...(seen.length === 0 ? [] : text(`seen: ${seen.join(', ')}`, '        ', '              ')),
    ...(earlier === undefined
      ? [...drawAdvice(result, text), '        check again:', ...foldCommand(result.verification, '          ', width)]
      : text(`causes and fixes: as for ${earlier.checkId}`, '        ')),
  ];
}

/** Folds a command before its flags, so that it can be copied as it stands. */
function foldCommand(command: string, margin: string, width: number): readonly string[] {
  const parts = escapeText(command, 4096).split(/ (?=--(?!check))/);
  if (margin.length + command.length <= width) return [`${margin}${command}`];
  return parts.map(
    (part, index) => `${margin}${index === 0 ? '' : '  '}${part}${index === parts.length - 1 ? '' : ' \\'}`,
  );
}

function drawAdvice(
  { likelyCauses, howToFix }: DoctorResult,
  text: (said: string, margin: string, indent?: string) => readonly string[],
): readonly string[] {
  const causes = likelyCauses.flatMap((cause) => text(`- ${cause}`, '          ', '            '));
  const fixes = howToFix.flatMap(({ title, commands }, index) => [
    ...text(`${index + 1}. ${title}`, '          ', '             '),
    // Commands are there to be copied: they stay as they are.
    ...commands.flatMap((command) => command.split('\n').map((line) => `             ${escapeText(line, 4096)}`)),
  ]);
  return [
    ...(causes.length === 0 ? [] : ['        likely causes:', ...causes]),
    ...(fixes.length === 0 ? [] : ['        how to fix:', ...fixes]),
  ];
}
