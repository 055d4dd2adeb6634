import type { Row } from './row.js';

/** Writes rows as a table of Markdown; columns are as wide as what is in them. */
export function drawTable(rows: readonly Row[]): readonly string[] {
  const peers = [...new Set(rows.flatMap((row) => Object.keys(row.peers)))];
  const head = ['', 'work', 'unit', 'ours', ...peers, 'ratio', 'target', 'MiB', 'CPU s', 'best: MiB', 'CPU s'];
  const lines = rows.map((row) => [
    row.id,
    row.work,
    row.unit,
    `**${round(row.ours)}**`,
    ...peers.map((name) => round(row.peers[name])),
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)}${verdict(row)}`,
    row.target === undefined ? '' : `≥ ${row.target}`,
    round(row.peakMiB),
    row.cpuSeconds === undefined ? '' : row.cpuSeconds.toFixed(2),
    round(row.best?.peakMiB),
    row.best === undefined ? '' : row.best.cpuSeconds.toFixed(2),
  ]);
  const kept = head.map((_, column) => column === 0 || lines.some((line) => line[column] !== ''));
  const shown = [head, ...lines].map((line) => line.filter((_, column) => kept[column]));
  const widths = (shown[0] ?? []).map((_, column) => Math.max(3, ...shown.map((line) => line[column]?.length ?? 0)));
  const draw = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [first = [], ...rest] = shown;
  return [draw(first), draw(widths.map((width) => '-'.repeat(width))), ...rest.map(draw)];
}

function verdict({ ratio, target }: Row): string {
  if (ratio === undefined || target === undefined) return '';
  return ratio >= target ? ' ✓' : ' ✗';
}

function round(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return Number.isInteger(value) ? String(value) : value.toFixed(value >= 10 ? 1 : 2);
}
