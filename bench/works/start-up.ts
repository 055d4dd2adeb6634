import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ours, runCommand } from '../commands.js';
import { typical } from '../figures.js';
import type { Row } from '../row.js';
import type { Thoroughness } from './plan.js';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../../../', import.meta.url));
const entry = fileURLToPath(new URL('../../../dist/index.js', import.meta.url));
const loads = `const begun = performance.now(); await import(${JSON.stringify(entry)}); console.log(performance.now() - begun);`;

/** W9: what it costs to have this package: to load it, to ask the command for help, to install it. */
export async function measureStartUp({ rounds }: Thoroughness): Promise<readonly Row[]> {
  const times: number[] = [];
  const helps: Awaited<ReturnType<typeof runCommand>>[] = [];
  // It is short, and the first time fills the caches of the file system.
  for (let round = 0; round < 2 * rounds + 1; round++) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', loads]);
    times.push(Number(stdout));
    helps.push(await runCommand(ours('--help')));
  }
  const help = typical(helps);
  const kB = (bytes: number): number => bytes / 1000;
  return [
    boundRow('import of the package', 'ms', typicalNumber(times), 150),
    boundRow('JavaScript that it loads, with dependencies', 'kB', kB(await loadedBytes())),
    { ...boundRow('oci-referrers --help', 'ms', help.milliseconds, 250), cpuSeconds: help.cpuSeconds },
    boundRow('the package, packed', 'kB', kB(await packedBytes()), 1000),
    boundRow('the package and its dependencies, installed', 'kB', kB(await installedBytes())),
  ];
}

function typicalNumber(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function boundRow(work: string, unit: string, ours: number, most?: number): Row {
  const bound = most === undefined ? {} : { ratio: most / ours, target: 1, note: `bound: ${most} ${unit}` };
  return { id: 'W9', work, unit, ours, peers: {}, ...bound };
}

/** Sums the sizes of every script that Node says it has run. */
async function loadedBytes(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const env = { ...process.env, NODE_V8_COVERAGE: folder };
    await run(process.execPath, ['--input-type=module', '--eval', loads], { env });
    let bytes = 0;
    for (const file of await readdir(folder)) {
      const { result } = JSON.parse(await readFile(join(folder, file), 'utf8')) as { result: { url: string }[] };
      const paths = result.map(({ url }) => url).filter((url) => /^file:.*\.[cm]?js$/.test(url));
      for (const url of paths) bytes += (await stat(fileURLToPath(url))).size;
    }
    return bytes;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function packedBytes(): Promise<number> {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: project,
    maxBuffer: 2 ** 26,
  });
  const [packed] = JSON.parse(stdout) as { size: number }[];
  return packed?.size ?? Number.NaN;
}

/** What npm would put on a disk: the package unpacked, and every package that it needs. */
async function installedBytes(): Promise<number> {
  const { stdout: list } = await run('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: project });
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: project,
    maxBuffer: 2 ** 26,
  });
  const [packed] = JSON.parse(stdout) as { unpackedSize: number }[];
  const [, ...dependencies] = list.trim().split('\n');
  const { stdout: sizes } = await run('du', ['-sb', ...new Set(dependencies)]);
  const summed = sizes
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number.parseInt(line, 10), 0);
  return (packed?.unpackedSize ?? Number.NaN) + summed;
}
