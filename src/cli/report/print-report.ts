import type { CommandContext } from '../command-context.js';
import { countOf } from '../format-size.js';
import { drawHtml } from './draw-html.js';
import { drawMermaid } from './draw-mermaid.js';
import { reportTime } from './report-time.js';
import type { ReportView } from './report-view.js';

/** How a report may be written. */
export type ReportFormat = 'html' | 'mermaid';

/** Writes a report to standard output; what a diagram has no room for is said there and on standard error. */
export async function printReport(view: ReportView, format: ReportFormat, context: CommandContext): Promise<void> {
  const { output, io } = context;
  if (format === 'html') {
    await output.result([drawHtml(view, reportTime(io.env))]);
    return;
  }
  const { lines, leftOut } = drawMermaid(view);
  await output.result(lines);
  if (leftOut > 0) {
    const which = `the diagram has no room for ${countOf(leftOut, 'more manifest')}`;
    output.warn(`${which}: --format html shows more, --format json has all`);
  }
}
