import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildCorpusBase, withEntries } from '../../scripts/corpus/corpus-base.js';
import type { FindingCode } from '../../src/bundle/finding.js';
import { fileOf } from '../unit/bundle-read/archives.js';
import { commandPath } from './support/build-command.js';
import { temporaryDirectory } from './support/command.js';
import {
  floodedIndex,
  recordFloods,
  replaced,
  withManyEntries,
  withManyFiles,
  withManyManifests,
  withMember,
  writeManyReferrers,
} from './support/floods.js';

const MiB = 1024 * 1024;
const base = await buildCorpusBase();
const zeroes = Buffer.alloc(200 * MiB);
const stray = `blobs/sha256/${'f'.repeat(64)}`;

type Bomb = readonly [string, 'bundle' | 'layout', FindingCode, () => Buffer | Promise<Buffer>];

/** Files of a few hundred kilobytes that become 200 MB, and the code that ends them. */
const bombs: readonly Bomb[] = [
  ['a blob nobody listed', 'bundle', 'LimitExceeded', () => withEntries(base, fileOf(stray, zeroes))],
  ['index.json', 'bundle', 'LimitExceeded', () => replaced(base, 'index.json', zeroes)],
  ['bundle.json', 'bundle', 'LimitExceeded', () => replaced(base, 'bundle.json', zeroes)],
  ['zeroes after the end', 'bundle', 'ArchiveTrailingData', () => Buffer.concat([base.tar, zeroes])],
  [
    'a flood of wrong entries',
    'bundle',
    'BundleRecordInvalid',
    () => replaced(base, 'bundle.json', `{"schemaVersion":1,"entries":[${'0,'.repeat(490_000)}0]}`),
  ],
  ['a blob', 'layout', 'BlobChecksumMismatch', () => withEntries(base, fileOf(stray, zeroes))],
  ['index.json', 'layout', 'LimitExceeded', () => replaced(base, 'index.json', zeroes)],
  ['zeroes after the end', 'layout', 'ArchiveTrailingData', () => Buffer.concat([base.tar, zeroes])],
];

/** Files that become as many objects as are read at all. */
const floods: readonly Bomb[] = [
  ...recordFloods.map(([what, member, text]): Bomb => {
    const isOver = what.endsWith('platforms') || what.endsWith('000 annotations');
    const code = isOver ? 'LimitExceeded' : 'BundleRecordInvalid';
    return [`a record with ${what}`, 'bundle', code, () => withMember(base, member, text)];
  }),
  ['a record of 19 MiB', 'bundle', 'BlobMissing', () => withManyEntries(base)],
  ['an image of 7,500 manifests', 'bundle', 'BlobMissing', () => withManyManifests(base)],
  [
    'an image of 7,500 manifests, and a record of 20 MiB',
    'bundle',
    'LimitExceeded',
    () => withManyManifests(base, 100_000),
  ],
  ['an image of 7,500 manifests', 'layout', 'BlobMissing', () => withManyManifests(base)],
  ['150,000 empty files', 'layout', 'LimitExceeded', () => withManyFiles(base, 150_000, '')],
  [
    '4,000 files below 28 directories each',
    'layout',
    'LimitExceeded',
    () => withManyFiles(base, 4000, 'a/'.repeat(28)),
  ],
  ['an index.json of 14 MiB', 'layout', 'BlobMissing', () => replaced(base, 'index.json', floodedIndex())],
];

test.each(bombs)('%s of 200 MB in a %s ends in under 5 s and 256 MiB', async (_name, ...bomb) => {
  await explode(...bomb);
});

test.each(floods)('%s in a %s is worked through in under 5 s and 256 MiB', async (_name, ...bomb) => {
  await explode(...bomb);
});

test('the largest bundle that is written is read in under 256 MiB, and a larger one is not written', async () => {
  const file = join(await temporaryDirectory(), 'large.tgz');
  await writeManyReferrers(6_000, file);
  const { codes, peakBytes } = await measure('bundle', file);
  expect(codes).toEqual([]);
  expect(peakBytes).toBeLessThan(256 * MiB);
  await expect(writeManyReferrers(6_600, file)).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED' });
});

async function explode(format: Bomb[1], code: Bomb[2], build: Bomb[3]): Promise<void> {
  const file = join(await temporaryDirectory(), 'bomb.tgz');
  await writeFile(file, gzipSync(await build(), { level: 9 }));
  const result = await measure(format, file);
  expect(result.codes).toContain(code);
  expect(result.ms).toBeLessThan(5000);
  expect(result.peakBytes).toBeLessThan(256 * MiB);
}

interface Measured {
  readonly codes: readonly string[];
  readonly ms: number;
  readonly peakBytes: number;
}

/** Validates a file in a process of its own. */
async function measure(format: Bomb[1], file: string): Promise<Measured> {
  const script = `
    const { ImportValidator } = await import(${JSON.stringify(join(dirname(commandPath), '../index.js'))});
    const started = performance.now();
    const { findings } = await new ImportValidator({ format: '${format}' }).validate(${JSON.stringify(file)});
    const { readFileSync } = await import('node:fs');
    // Not resourceUsage: a new process starts with the peak of the one that made it.
    const peakBytes = 1024 * Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
    console.log(JSON.stringify({ codes: findings.map(({ code }) => code), ms: performance.now() - started, peakBytes }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  const result = JSON.parse(stdout) as Measured;
  console.log(`${format}: ${Math.round(result.ms)} ms, ${Math.round(result.peakBytes / MiB)} MiB`);
  return result;
}
