import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand, temporaryDirectory } from './support/command.js';
import { chooseMoments, killAtEach, measureRun, type RunLength, stopAt, sumOf } from './support/kills.js';
import { fillRegistry, references } from './support/scene.js';
import { type SlowRegistry, startSlowRegistry } from './support/slow-registry.js';

const killCount = 50;
const interruptionCount = 10;
const resumeCount = 10;

let registry: SlowRegistry;

beforeAll(async () => {
  registry = await startSlowRegistry();
  fillRegistry(registry.store);
});
afterAll(() => registry.close());

interface Scene {
  readonly directory: string;
  readonly output: string;
  readonly args: readonly string[];
  /** What a run that nobody ends writes. */
  readonly sum: string;
  readonly length: RunLength;
}

async function prepare(): Promise<Scene> {
  const directory = await temporaryDirectory();
  const images = references.map((reference) => `${registry.host}/${reference}`);
  const output = join(directory, 'bundle.tgz');
  const args = ['bundle', 'export', ...images, '--output', output];
  const length = await measureRun(registry, args);
  await runCommand(['bundle', 'validate', '--file', output]);
  const sum = await sumOf(output);
  await rm(output);
  return { directory, output, args, sum, length };
}

const isPart = (name: string): boolean => /^\.bundle\.tgz\..+\.part$/.test(name);

test('an export that is killed leaves nothing under the name and at most one part file, which the next run removes; that one completes', async () => {
  const { directory, output, args, sum, length } = await prepare();
  const seen = { killed: 0, parts: 0, whole: 0 };
  const missed = await killAtEach(chooseMoments(killCount, length), async (moment, at) => {
    const stopped = await stopAt(moment, 'SIGKILL', registry, args);
    const { when, signal } = stopped;
    const names = await readdir(directory);
    const parts = names.filter(isPart);
    const isWhole = names.includes('bundle.tgz');
    expect(parts.length, when).toBeLessThanOrEqual(1);
    expect(names.length, when).toBe(parts.length + (isWhole ? 1 : 0));
    seen.killed += signal === 'SIGKILL' ? 1 : 0;
    seen.parts += parts.length;
    seen.whole += isWhole ? 1 : 0;
    // Every other time the next run is killed as well.
    if (!isWhole && at % 2 === 0) return stopped;
    if (!isWhole) {
      await runCommand(args);
      expect(await readdir(directory), when).toEqual(['bundle.tgz']);
    }
    expect(await sumOf(output), when).toBe(sum);
    await rm(output);
    return stopped;
  });
  console.log(JSON.stringify({ ...seen, missed }));
  expect(seen.killed).toBe(killCount);
  expect(seen.parts).toBeGreaterThan(killCount / 4);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('an export that is ended by %s leaves nothing and exits with %i', async (signal, exitCode) => {
  const { directory, output, args, sum, length } = await prepare();
  const codes: (number | null)[] = [];
  for (const moment of chooseMoments(interruptionCount, length)) {
    const { when, code, signal: endedBy, stderr } = await stopAt(moment, signal, registry, args);
    codes.push(code);
    const names = await readdir(directory);
    if (names.length > 0) {
      // It came when all was done.
      expect(names, when).toEqual(['bundle.tgz']);
      expect(await sumOf(output), when).toBe(sum);
      await rm(output);
    } else if (endedBy !== signal) expect(code, `${when}: ${stderr}`).toBe(exitCode);
    // Before the command listens, the signal ends Node itself; a shell shows the same code for that.
  }
  console.log(JSON.stringify(codes));
  expect(codes.filter((code) => code === exitCode).length).toBeGreaterThanOrEqual(interruptionCount / 4);
});

test('an export with --resume that is killed leaves whole blobs in its work directory, and no other file once a run has completed', async () => {
  const { directory, output, args, sum, length } = await prepare();
  let kept = 0;
  for (const moment of chooseMoments(resumeCount, length)) {
    const work = join(await temporaryDirectory(), 'work');
    const { when } = await stopAt(moment, 'SIGKILL', registry, [...args, '--resume', work]);
    if (!(await readdir(directory)).includes('bundle.tgz')) {
      kept += await countWhole(work, when);
      await runCommand([...args, '--resume', work]);
    }
    expect(await readdir(directory), when).toEqual(['bundle.tgz']);
    expect(await sumOf(output), when).toBe(sum);
    const names = await readdir(join(work, 'blobs/sha256'));
    expect(await countWhole(work, when), when).toBe(names.length);
    await rm(output);
  }
  expect(kept).toBeGreaterThan(resumeCount / 4);
});

/** Counts the blobs of a work directory; each hashes to its name, and nothing else has a name. */
async function countWhole(work: string, when: string): Promise<number> {
  const folder = join(work, 'blobs/sha256');
  const names = await readdir(folder).catch(() => []);
  const blobs = names.filter((name) => !/^\.[0-9a-f]{64}\..+\.part$/.test(name));
  for (const name of blobs) expect(await sumOf(join(folder, name)), when).toBe(name);
  return blobs.length;
}
