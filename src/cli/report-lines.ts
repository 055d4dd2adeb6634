import { type FormatReportOptions, formatReport, type ValidationReport } from '../index.js';
import { type TerminalStream, widthOf } from './cli-io.js';
import { nameSigners } from './signing-keys.js';
import { wrapText } from './wrap-text.js';

/** Writes a report as lines that fit the terminal they are for; a pipe or a log has no width to keep. */
export function reportLines(
  report: ValidationReport,
  options: FormatReportOptions,
  stream: TerminalStream,
  keyFiles: ReadonlyMap<string, string> = new Map(),
): readonly string[] {
  const lines = nameSigners(formatReport(report, options).trimEnd().split('\n'), keyFiles);
  return lines.flatMap((line) => wrapText(line, lineWidthOf(stream), indentBelow(line)));
}

/** The width that lines of text are wrapped to: a terminal's, but not so wide that lines are hard to read. */
export function lineWidthOf(stream: TerminalStream): number {
  return stream.isTTY === true ? Math.min(widthOf(stream), 100) : Number.POSITIVE_INFINITY;
}

/** A field goes on below its value, anything else two steps further in. */
function indentBelow(line: string): string {
  const value = /^ {2}[a-z]+: +/.exec(line)?.[0] ?? '    ';
  return ' '.repeat(value.length);
}
