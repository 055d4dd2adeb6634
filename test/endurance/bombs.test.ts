import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildCorpusBase, withEntries, withFiles } from '../../scripts/corpus/corpus-base.js';
import type { FindingCode } from '../../src/bundle/finding.js';
import { fileOf } from '../unit/bundle-read/archives.js';
import { commandPath } from './support/build-command.js';
import { temporaryDirectory } from './support/command.js';

const MiB = 1024 * 1024;
const base = await buildCorpusBase();
const zeroes = Buffer.alloc(200 * MiB);
const stray = `blobs/sha256/${'f'.repeat(64)}`;
const replaced = (path: string, content: Buffer | string): Buffer =>
  withFiles(base, (files) => files.map(([name, old]) => [name, name === path ? content : old]));

/** Files of a few hundred kilobytes that become 200 MB or a million objects, and the code that ends them. */
const bombs: readonly (readonly [string, 'bundle' | 'layout', FindingCode, () => Buffer])[] = [
  ['a blob nobody listed', 'bundle', 'LimitExceeded', () => withEntries(base, fileOf(stray, zeroes))],
  ['index.json', 'bundle', 'LimitExceeded', () => replaced('index.json', zeroes)],
  ['bundle.json', 'bundle', 'LimitExceeded', () => replaced('bundle.json', zeroes)],
  ['zeroes after the end', 'bundle', 'ArchiveTrailingData', () => Buffer.concat([base.tar, zeroes])],
  [
    'a flood of wrong entries',
    'bundle',
    'BundleRecordInvalid',
    () => replaced('bundle.json', `{"schemaVersion":1,"entries":[${'0,'.repeat(3e6)}0]}`),
  ],
  ['a blob', 'layout', 'BlobChecksumMismatch', () => withEntries(base, fileOf(stray, zeroes))],
  ['index.json', 'layout', 'LimitExceeded', () => replaced('index.json', zeroes)],
  ['zeroes after the end', 'layout', 'ArchiveTrailingData', () => Buffer.concat([base.tar, zeroes])],
];

test.each(bombs)('%s of 200 MB in a %s ends in under 5 s and 256 MiB', async (_name, format, code, build) => {
  const file = join(await temporaryDirectory(), 'bomb.tgz');
  await writeFile(file, gzipSync(build(), { level: 9 }));
  const script = `
    const { ImportValidator } = await import(${JSON.stringify(join(dirname(commandPath), '../index.js'))});
    const started = performance.now();
    const { findings } = await new ImportValidator({ format: '${format}' }).validate(${JSON.stringify(file)});
    const { readFileSync } = await import('node:fs');
    // Not resourceUsage: a new process starts with the peak of the one that made it.
    const peakBytes = 1024 * Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
    console.log(JSON.stringify({ codes: findings.map(({ code }) => code), ms: performance.now() - started, peakBytes }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  const result = JSON.parse(stdout) as { codes: string[]; ms: number; peakBytes: number };
  console.log(`${format}: ${Math.round(result.ms)} ms, ${Math.round(result.peakBytes / MiB)} MiB`);
  expect(result.codes).toContain(code);
  expect(result.ms).toBeLessThan(5000);
  expect(result.peakBytes).toBeLessThan(256 * MiB);
});
