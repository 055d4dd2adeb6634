import { readFileSync, writeFileSync } from 'node:fs';
import type { Row } from './row.js';
import { drawTable } from './table.js';

const page = new URL('../../docs/performance.md', import.meta.url);
const begin = '<!-- measured by npm run bench -- --write -->';
const end = '<!-- end -->';

/** Puts what was measured in its place in `docs/performance.md`. */
export function writePage(
  rows: readonly Row[],
  { node, cpu, cores }: { readonly node: string; readonly cpu: string; readonly cores: number },
): void {
  const text = readFileSync(page, 'utf8');
  const start = text.indexOf(begin);
  const stop = text.indexOf(end);
  if (start < 0 || stop < start) throw new Error(`docs/performance.md has no place for a table: ${begin}`);
  const notes = rows.flatMap(({ id, work, note }) => (note === undefined ? [] : [`- ${id}, ${work}: ${note}.`]));
  const measured = [`Measured on ${cores} cores (${cpu}) with Node ${node}.`, '', ...drawTable(rows), '', ...notes];
  writeFileSync(page, `${text.slice(0, start + begin.length)}\n\n${measured.join('\n')}\n\n${text.slice(stop)}`);
}
