import { join } from 'node:path';
import { createResolver, discoverReferrers, type ReferrersGraph, type Resolver } from '@stellaops/oci-referrers';
import { startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand, temporaryDirectory } from './support/command.js';
import { chooseMoments, killAtEach, measureRun, stopAt } from './support/kills.js';
import { fillRegistry, references } from './support/scene.js';
import { startSlowRegistry } from './support/slow-registry.js';

/** Of each kind of registry. */
const killCount = 25;

let source: TestRegistry;
let resolver: Resolver;

beforeAll(async () => {
  source = await startRegistry();
  fillRegistry(source.store);
  resolver = createResolver({ credentials: () => ({ anonymous: true }) });
});
afterAll(async () => {
  await resolver.close();
  await source.close();
});

async function closureOf(registry: TestRegistry, reference: string): Promise<ReferrersGraph> {
  const at = `${registry.host}/${reference}`;
  const { descriptor } = await resolver.resolve(at);
  return await discoverReferrers(await resolver.fetcher(at), descriptor);
}

/** Every tag that is there has its image, everything below it, and every referrer in a list; returns how many are. */
async function countTags(target: TestRegistry, when: string): Promise<number> {
  let count = 0;
  for (const reference of references) {
    const [name = '', tag = ''] = reference.split(':');
    if (target.store.repositories.get(name)?.tags.has(tag) !== true) continue;
    count += 1;
    const [expected, actual] = await Promise.all([source, target].map((at) => closureOf(at, reference)));
    expect([...(actual?.nodes.keys() ?? [])].sort(), when).toEqual([...(expected?.nodes.keys() ?? [])].sort());
    const blobs = target.store.repository(name).blobs;
    for (const digest of source.store.repository(name).blobs.keys()) expect(blobs.has(digest), when).toBe(true);
  }
  return count;
}

test.each([true, false])(
  'an import that is killed leaves no tag without everything it needs, and a second run completes (referrers API: %s)',
  async (referrersApi) => {
    const file = join(await temporaryDirectory(), 'bundle.tgz');
    const images = references.map((reference) => `${source.host}/${reference}`);
    await runCommand(['bundle', 'export', ...images, '--output', file]);
    const argsFor = ({ host }: TestRegistry): string[] => ['bundle', 'import', '--file', file, '--to', host];

    await using first = await startSlowRegistry({ referrersApi });
    const length = await measureRun(first, argsFor(first));
    const seen = { killed: 0, started: 0, tags: 0 };
    const missed = await killAtEach(chooseMoments(killCount, length), async (moment) => {
      await using target = await startSlowRegistry({ referrersApi });
      const stopped = await stopAt(moment, 'SIGKILL', target, argsFor(target));
      const { when, signal } = stopped;
      seen.killed += signal === 'SIGKILL' ? 1 : 0;
      seen.started += target.store.repositories.size > 0 ? 1 : 0;
      seen.tags += await countTags(target, when);
      await runCommand(argsFor(target));
      expect(await countTags(target, when), when).toBe(references.length);
      return stopped;
    });
    console.log(JSON.stringify({ ...seen, missed }));
    expect(seen.killed).toBe(killCount);
    expect(seen.started).toBeGreaterThan(killCount / 4);
  },
);
