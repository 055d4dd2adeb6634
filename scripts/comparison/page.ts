import { readFile } from 'node:fs/promises';
import type { Outcome, Row, RowGroup, Scenario } from './row.js';
import { bodyRows } from './rows-body.js';
import { type HostRow, hostRows } from './rows-hosts.js';
import { pagingRows } from './rows-paging.js';
import { statusRows } from './rows-status.js';
import { filterRows, tagRows } from './rows-tag.js';

/** Where the page is kept. */
export const pagePath = 'docs/comparison.md';
const groups: readonly RowGroup[] = [statusRows, bodyRows, pagingRows, tagRows, filterRows];
const begin = '<!-- begin: written by npm run docs:comparison -->';
const end = '<!-- end -->';

/** A scenario after it was tried. */
export interface Tried {
  readonly title: string;
  readonly scenario: Scenario;
  readonly outcome: Outcome;
}

/** What came of every scenario, in the order of the page. */
export async function tryAll(): Promise<readonly Tried[]> {
  const rows: readonly (Row | HostRow)[] = [...groups.flatMap((group) => group.rows), ...hostRows];
  const scenarios = rows.flatMap(({ title, scenarios }) => scenarios.map((scenario) => ({ title, scenario })));
  return await Promise.all(scenarios.map(async (tried) => ({ ...tried, outcome: await tried.scenario.run() })));
}

/** Writes the tables into the page as it stands; the words around them are kept by hand. */
export async function renderPage(root: URL, tried: readonly Tried[]): Promise<string> {
  const page = await readFile(new URL(pagePath, root), 'utf8');
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${pagePath} has lost its markers`);
  return `${before}${begin}\n\n${renderTables(tried)}\n\n${end}${after}`;
}

function renderTables(tried: readonly Tried[]): string {
  const ours = (row: Row | HostRow): string => cellOf(tried.filter((each) => row.scenarios.includes(each.scenario)));
  const tables = groups.map(({ heading, rows }) => {
    const lines = rows.map((row) => [row.title, row.containerd, row.oras, row.regclient, row.ggcr, ours(row)]);
    return table(heading, ['the registry', 'containerd', 'oras-go', 'regclient', 'ggcr', 'this library'], lines);
  });
  const hosts = table(
    'Several hosts for one registry',
    ['the hosts', 'containerd', 'this library'],
    hostRows.map((row) => [row.title, row.containerd, ours(row)]),
  );
  return [...tables, hosts].join('\n\n');
}

function table(heading: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [`### ${heading}`, '', line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/** What came of the scenarios of one row; what is the same is said once. */
function cellOf(tried: readonly Tried[]): string {
  const texts = tried.map(({ scenario, outcome }) => textOf(scenario, outcome));
  if (new Set(texts).size === 1) return texts[0] ?? '';
  return texts.map((text, index) => `${tried[index]?.scenario.label ?? ''}: ${text}`).join('<br>');
}

function textOf({ isBeyondLetter }: Scenario, { answer, isWarned, apiRequests, remark }: Outcome): string {
  const seen = answer === 0 && !isWarned ? '`[]`' : typeof answer === 'number' ? String(answer) : `\`${answer}\``;
  const marks = `${isWarned ? ', with a warning' : ''}${isBeyondLetter === true ? ' †' : ''}`;
  return `${remark === undefined ? '' : `${remark}: `}${seen}${marks} (${apiRequests})`;
}
