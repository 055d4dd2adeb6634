import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureDiscovery } from './bounds/discovery.js';
import { peerNames } from './clients.js';
import { buildPrograms } from './go-programs.js';
import { writePage } from './page.js';
import { save } from './processes.js';
import type { Row } from './row.js';
import { drawTable } from './table.js';
import { measureClosure, measureLongList } from './works/graphs.js';
import { measureLatency } from './works/latency.js';
import { measureLists } from './works/list.js';
import { full, quick, type Work } from './works/plan.js';
import { measureStartUp } from './works/start-up.js';
import { measureTransfer } from './works/transfer.js';

const works: Readonly<Record<string, Work>> = {
  list: measureLists,
  latency: measureLatency,
  closure: measureClosure,
  pages: measureLongList,
  transfer: measureTransfer,
  'start-up': measureStartUp,
};

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const names = [...Object.keys(works), 'bounds'];
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(', ')}; there are ${names.join(', ')}`);
const isWanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name);

if (values.write && (values.quick || positionals.length > 0)) {
  throw new Error('--write takes the whole table: leave --quick and the parts out');
}

const begun = performance.now();
const hasGo = await buildPrograms();
if (!hasGo) {
  console.log(`There is no Go here: left out are ${peerNames.join(', ')}, the commands beside ours, and every`);
  console.log('piece of work that takes the server of bench/peers. What is left is the bounds of memory.');
}
const rows: Row[] = [];
for (const [name, measure] of Object.entries(works)) {
  if (!hasGo || !isWanted(name)) continue;
  const found = await measure(values.quick ? quick : full);
  console.log(drawTable(found).join('\n'));
  rows.push(...found);
}
if (rows.length > 0) {
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? '', cores: cpus().length };
  save('results.json', { machine, isQuick: values.quick, rows });
  if (values.write) writePage(rows, machine);
}
if (isWanted('bounds') && !values.quick && !(await measureDiscovery())) process.exitCode = 1;
console.log(`measured in ${Math.round((performance.now() - begun) / 1000)} s`);
