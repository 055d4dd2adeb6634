import { type DoctorReport, type DoctorResult, type DoctorSeverity, escapeText } from '../index.js';
import { wrapText } from './wrap-text.js';

const marks: Readonly<Record<DoctorSeverity, string>> = {
  pass: '✓ pass',
  info: 'i info',
  warn: '! warn',
  fail: '✗ FAIL',
};
/** What stands at the top of the report already, or among the causes. */
const shownElsewhere = /^(?:registry_url|repository|tag|.*_evidence)$/;

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
      ? [
          ...drawAdvice(result, width, text),
          '        check again:',
          ...drawCommand(result.verification, '          ', width),
        ]
      : text(`causes and fixes: as for ${earlier.checkId}`, '        ')),
  ];
}

/** Writes a command so that it can be copied as it stands; one that is too long for a line goes on before a flag. */
function drawCommand(command: string, margin: string, width: number): readonly string[] {
  const isWide = margin.length + command.length > width;
  const folded = isWide && !command.includes('\n') ? command.replace(/ (?=--(?!check))/g, ' \\\n  ') : command;
  return folded.split('\n').map((line) => `${margin}${escapeText(line, 4096)}`);
}

function drawAdvice(
  { likelyCauses, howToFix }: DoctorResult,
  width: number,
  text: (said: string, margin: string, indent?: string) => readonly string[],
): readonly string[] {
  const causes = likelyCauses.flatMap((cause) => text(`- ${cause}`, '          ', '            '));
  const fixes = howToFix.flatMap(({ title, commands }, index) => [
    ...text(`${index + 1}. ${title}`, '          ', '             '),
    ...commands.flatMap((command) => drawCommand(command, '             ', width)),
  ]);
  return [
    ...(causes.length === 0 ? [] : ['        likely causes:', ...causes]),
    ...(fixes.length === 0 ? [] : ['        how to fix:', ...fixes]),
  ];
}
