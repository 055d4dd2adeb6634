import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { answer, median, save, start } from './processes.js';
import { readFacts, tellFacts } from './tell-facts.js';

const runs = 3;
const MiB = 1024 * 1024;
/** Layers that are streamed and layers that are fetched ahead: 1 GiB in all. */
const sizes = [512 * MiB, 256 * MiB, ...Array<number>(16).fill(16 * MiB)];
const repository = 'bench/large';
const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

interface Measured {
  readonly milliseconds: number;
  readonly peakBytes: number;
}

interface Row {
  readonly work: string;
  readonly MiBPerSecond: number;
  /** Time it takes, in times of `openssl dgst -sha256` and of `cp`, of the same file in the same run. */
  readonly timesSha256: number;
  readonly timesCopy: number;
  readonly peakMiB: number;
  readonly maxMiB: number | undefined;
}

/** Bounds on resident memory; what has none is only shown. */
const maxMiB: Readonly<Record<string, number>> = { export: 200, validate: 200, import: 256 };

async function time(program: string, args: readonly string[]): Promise<Measured> {
  const begun = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const told = text(child.stdio[3] as Readable);
  const [code] = (await once(child, 'exit')) as [number | null];
  const milliseconds = performance.now() - begun;
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}`);
  return { milliseconds, peakBytes: readFacts(await told).peakBytes };
}

async function runOnce(
  hosts: { source: string; target: string },
  directory: string,
): Promise<Record<string, Measured>> {
  const file = join(directory, 'bundle.tgz');
  const bundle = (...args: readonly string[]): Promise<Measured> =>
    time(process.execPath, [...tellFacts, command, 'bundle', ...args]);
  return {
    export: await bundle('export', `${hosts.source}/${repository}:1`, '--output', file, '--force'),
    validate: await bundle('validate', '--file', file),
    import: await bundle('import', '--file', file, '--to', hosts.target),
    sha256: await time('openssl', ['dgst', '-sha256', file]),
    copy: await time('cp', [file, join(directory, 'copy')]),
  };
}

function makeRow(work: string, all: readonly Record<string, Measured>[], bytes: number): Row {
  const timesOf = (limit: string): number =>
    median(all.map((run) => (run[work]?.milliseconds ?? Number.NaN) / (run[limit]?.milliseconds ?? Number.NaN)));
  const seconds = median(all.map((run) => (run[work]?.milliseconds ?? Number.NaN) / 1000));
  return {
    work,
    MiBPerSecond: Math.round(bytes / MiB / seconds),
    timesSha256: Math.round(timesOf('sha256') * 10) / 10,
    timesCopy: Math.round(timesOf('copy') * 10) / 10,
    peakMiB: Math.round(Math.max(...all.map((run) => run[work]?.peakBytes ?? 0)) / MiB),
    maxMiB: maxMiB[work],
  };
}

/** Exports, validates and imports a bundle, prints a table, and tells whether memory stayed within its bounds. */
export async function measureBundles(): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  const server = start('large-server', repository, ...sizes.map(String));
  try {
    const hosts = await answer<{ source: string; target: string }>(server);
    const all: Record<string, Measured>[] = [];
    for (let run = 0; run < runs; run++) {
      server.send('clear');
      await answer(server);
      all.push(await runOnce(hosts, directory));
    }
    const { size } = await stat(join(directory, 'bundle.tgz'));
    const rows = ['export', 'validate', 'import', 'sha256', 'copy'].map((work) => makeRow(work, all, size));
    console.table(
      rows.map(({ work, MiBPerSecond, timesSha256, timesCopy, peakMiB, maxMiB: bound }) => ({
        work,
        'MiB/s': MiBPerSecond,
        'x openssl sha256': timesSha256,
        'x cp': timesCopy,
        'peak MiB': bound === undefined ? '' : peakMiB,
        'bound MiB': bound ?? '',
        kept: bound === undefined ? '' : peakMiB < bound ? 'yes' : 'NO',
      })),
    );
    save('bundle.json', { runs, bytes: size, rows });
    return rows.every(({ peakMiB, maxMiB: bound }) => bound === undefined || (peakMiB > 0 && peakMiB < bound));
  } finally {
    server.kill();
    await rm(directory, { recursive: true, force: true });
  }
}
