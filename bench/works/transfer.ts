import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, rm } from 'node:fs/promises';
import { ours, runCommand, together } from '../commands.js';
import { inTurn, type Took } from '../figures.js';
import { programPath } from '../go-programs.js';
import { type Row, rowOf } from '../row.js';
import { firstLine } from '../static-server.js';
import { exportCommands, type LargeImage, leftOut, openLargeImage } from './large-image.js';
import type { Thoroughness } from './plan.js';

const MiB = 1024 * 1024;

/** W5 to W8: an image of 1 GiB with 50 referrers into a file, the file judged, and into a registry, twice. */
export async function measureTransfer(how: Thoroughness): Promise<readonly Row[]> {
  await using image = await openLargeImage(how);
  const rounds = Math.min(how.rounds, 3);
  return [
    ...(await measureExport(image, rounds)),
    ...(await measureValidation(image, rounds)),
    ...(await measureImport(image, rounds)),
  ];
}

async function measureExport(image: LargeImage, rounds: number): Promise<readonly Row[]> {
  const { path, repository } = image;
  const bundle = path('bundle.tgz');
  const others = exportCommands(image);
  const commands: Readonly<Record<string, readonly string[]>> = {
    ours: ours('bundle', 'export', `${repository}:1`, '--output', bundle, '--force'),
    ...others,
  };
  const outputs: Readonly<Record<string, string>> = { ours: 'bundle.tgz', oras: 'oras.tar', skopeo: 'skopeo.tar' };
  const took = await inTurn([...Object.keys(commands), 'limit'], rounds, async (name) => {
    // To take the place of a gibibyte costs whoever does it: the file system has to free the old one.
    await rm(path(outputs[name] ?? name), { recursive: true, force: true });
    if (name !== 'limit') return await onIdleDisk(commands[name] ?? []);
    const hash = await onIdleDisk(['openssl', 'dgst', '-sha256', bundle]);
    return together([hash, await onIdleDisk(['cp', bundle, path('limit')])]);
  });
  await rm(path('limit'), { force: true });
  const figure = rate(image);
  const work = `export ${Math.round(image.bytes / MiB)} MiB with 50 referrers`;
  const { limit, ...tools } = took;
  return [
    rowOf({
      ...{
        id: 'W5',
        work,
        unit: 'MiB/s',
        figure,
        took: tools,
        target: 1.5,
        note: `${leftOut}; of these only skopeo may wait for the disk, ours does`,
      },
      comparable: ['oras', 'regctl'],
    }),
    againstLimit('W5', `${work}, limit: openssl dgst -sha256, then cp`, image, took['ours'], limit, 0.7),
  ];
}

/** Runs a command once what others have left to the disk is written, so that none waits for another one's bytes. */
async function onIdleDisk(command: readonly string[]): Promise<Took> {
  await runCommand(['sync']);
  return await runCommand(command);
}

async function measureValidation(image: LargeImage, rounds: number): Promise<readonly Row[]> {
  const { path } = image;
  const bundle = path('bundle.tgz');
  const extracted = path('extracted');
  await mkdir(extracted);
  await runCommand(['tar', '-xzf', bundle, '-C', extracted]);
  const commands: Readonly<Record<string, readonly string[]>> = {
    ours: ours('bundle', 'validate', '--file', bundle),
    openssl: ['openssl', 'dgst', '-sha256', bundle],
    sha256sum: ['sha256sum', '--quiet', '-c', 'checksums.sha256'],
  };
  const took = await inTurn(Object.keys(commands), rounds, (name) =>
    runCommand(commands[name] ?? [], name === 'sha256sum' ? extracted : undefined),
  );
  await rm(extracted, { recursive: true });
  const work = 'validate that bundle';
  const { openssl, ...tools } = took;
  return [
    rowOf({ id: 'W6', work: `${work}, sha256sum -c`, unit: 'MiB/s', figure: rate(image), took: tools, target: 2 }),
    againstLimit('W6', `${work}, limit: openssl dgst -sha256`, image, took['ours'], openssl, 0.8),
  ];
}

async function measureImport(image: LargeImage, rounds: number): Promise<readonly Row[]> {
  const { path } = image;
  await cp(path('regctl'), path('layout'), { recursive: true });
  const importTo = (host: string): Readonly<Record<string, readonly string[]>> => ({
    ours: ours('bundle', 'import', '--file', path('bundle.tgz'), '--to', host),
    oras: [programPath('oras'), 'restore', '--plain-http', '--input', path('oras.tar'), `${host}/bench/oras:1`],
    regctl: [
      ...[programPath('regctl'), '--host', `reg=${host},tls=disabled`],
      ...['image', 'copy', '--referrers', `ocidir://${path('layout')}:1`, `${host}/bench/regctl:1`],
    ],
  });
  const names = Object.keys(importTo(''));
  const first = new Map<string, Took[]>(names.map((name) => [name, []]));
  const again = await inTurn(names, rounds, async (name) => {
    await using registry = await startRegistry();
    const command = importTo(registry.host)[name] ?? [];
    first.get(name)?.push(await onIdleDisk(command));
    return await onIdleDisk(command);
  });
  const anew = await inTurn(names, rounds, (name) => Promise.resolve(first.get(name)?.shift() as Took));
  const figure = rate(image);
  const note = 'ours validates every byte of the bundle first';
  return [
    rowOf({ id: 'W7', work: 'import it to an in-memory registry', unit: 'MiB/s', figure, took: anew, target: 1, note }),
    rowOf({
      ...{ id: 'W8', work: 'import it where everything is there', unit: 'ms', target: 1, note },
      ...{ figure: ({ milliseconds }: Took) => milliseconds, took: again },
    }),
  ];
}

function rate({ bytes }: LargeImage): (took: Took) => number {
  return ({ milliseconds }) => bytes / MiB / (milliseconds / 1000);
}

function againstLimit(
  id: string,
  work: string,
  image: LargeImage,
  ours: Took | undefined,
  limit: Took | undefined,
  target: number,
): Row {
  if (ours === undefined || limit === undefined) throw new RangeError(`${work} was not run`);
  return rowOf({ id, work, unit: 'MiB/s', figure: rate(image), took: { ours, limit }, target });
}

/** Starts go-containerregistry's registry, empty and in memory. */
async function startRegistry(): Promise<{ readonly host: string } & AsyncDisposable> {
  const child: ChildProcess = spawn(programPath('registry'), ['-kind', 'ggcr'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [, host = ''] = (await firstLine(child as Parameters<typeof firstLine>[0])).split(' ');
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      child.stdin?.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
