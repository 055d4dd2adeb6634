import { createHash } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { buildArtifact, buildImage, startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sbomType } from '../support/artifact-types.js';
import { runCommand, startCommand, temporaryDirectory } from './support/command.js';
import { chooseMoments, killAtEach, measureRun, stopAt } from './support/kills.js';
import { countNames, leftovers, watchLayout } from './support/layout-scene.js';
import { fillRegistry, references } from './support/scene.js';

/** Of imports, and as many of copies. */
const killCount = 10;
const rounds = 4;
const referrerCount = 50;
/** Nobody waits for a lock whose owner was killed, but ten seconds for one that has no owner's id in it yet. */
const promptMs = 20_000;

let source: TestRegistry;
const [app = '', database = ''] = references;

beforeAll(async () => {
  source = await startRegistry();
  fillRegistry(source.store);
});
afterAll(() => source.close());

interface Run {
  readonly args: (root: string) => string[];
  /** What stands in the layout before. */
  readonly before?: (root: string) => string[];
}

const copy = (reference: string, root: string): string[] => ['copy', `${source.host}/${reference}`, `oci:${root}`];

async function killEach({ args, before }: Run): Promise<void> {
  const template = join(await temporaryDirectory(), 'layout');
  if (before !== undefined) await runCommand(before(template));
  const prepare = async (): Promise<string> => {
    const root = join(await temporaryDirectory(), 'layout');
    if (before !== undefined) await cp(template, root, { recursive: true });
    return root;
  };
  const first = await prepare();
  await using measured = await watchLayout(first);
  const length = await measureRun(measured, args(first));
  const seen = { killed: 0, begun: 0, names: 0, leftovers: 0 };
  const missed = await killAtEach(chooseMoments(killCount, length), async (moment) => {
    const root = await prepare();
    await using watched = await watchLayout(root);
    const stopped = await stopAt(moment, 'SIGKILL', watched, args(root));
    const { when, signal } = stopped;
    const names = await countNames(root, source, references, when);
    seen.killed += signal === 'SIGKILL' ? 1 : 0;
    seen.begun += watched.steps > 0 ? 1 : 0;
    seen.names += names ?? 0;
    seen.leftovers += (await leftovers(root)).length;
    const { milliseconds } = await runCommand(args(root));
    expect(milliseconds, when).toBeLessThan(promptMs);
    expect(await countNames(root, source, references, when), when).toBe(references.length);
    expect(await leftovers(root), when).toEqual([]);
    return stopped;
  });
  console.log(JSON.stringify({ ...seen, missed }));
  expect(seen.killed).toBe(killCount);
  expect(seen.begun).toBeGreaterThan(killCount / 4);
}

test('an import into a layout that is killed leaves no name without everything it needs, and the next one completes and tidies up', async () => {
  const file = join(await temporaryDirectory(), 'bundle.tgz');
  await runCommand(['bundle', 'export', ...references.map((one) => `${source.host}/${one}`), '--output', file]);
  await killEach({ args: (root) => ['bundle', 'import', '--file', file, '--to', `oci:${root}`] });
});

test('a copy that is killed leaves a layout and the image in it as they were, and the next one completes and tidies up', async () => {
  await killEach({ before: (root) => copy(database, root), args: (root) => copy(app, root) });
});

test('two processes that put images with many referrers into one layout at once lose nothing of each other', async () => {
  await using registry = await startRegistry();
  const images = ['team/one:1', 'team/two:1'];
  for (const [seed, reference] of images.entries()) {
    const [name = '', tag = ''] = reference.split(':');
    const image = buildImage({ layers: [Buffer.from(`layer ${seed}`)] });
    registry.store.add(name, image, { tag });
    for (let at = 0; at < referrerCount; at++) {
      const content = Buffer.from(`${seed} ${at}`);
      registry.store.add(name, buildArtifact({ subject: image.descriptor, artifactType: sbomType, content }));
    }
  }
  for (let round = 1; round <= rounds; round++) {
    const root = join(await temporaryDirectory(), 'layout');
    // Every other time a writer was killed before them, and both find its lock.
    if (round % 2 === 0) await writeAbandonedLock(root);
    const runs = images.map((reference) => startCommand(['copy', `${registry.host}/${reference}`, `oci:${root}`]));
    for (const { code, stderr } of await Promise.all(runs.map(({ ended }) => ended))) expect(code, stderr).toBe(0);
    expect(await countNames(root, registry, images, `round ${round}`)).toBe(2);
    expect(await leftovers(root)).toEqual([]);
  }
});

async function writeAbandonedLock(root: string): Promise<void> {
  const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  await mkdir(root);
  await writeFile(join(root, '.index.json.lock'), `${machine}-${2 ** 22 + 1}-t1-00000000`);
}
