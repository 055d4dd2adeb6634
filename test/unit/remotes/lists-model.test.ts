import { createResolver, type Descriptor, isOciError } from '@stellaops/oci-referrers';
import { startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, RunningWorld, type World, worlds } from './lists-model.js';

const running = new Map<string, RunningWorld>();
const pageSizes = [1, 2, 3, 4, 5];
let registries: readonly TestRegistry[] = [];

beforeAll(async () => {
  registries = await Promise.all(
    pageSizes.map((pageSize) =>
      startRegistry({
        pageSize,
        tagsPageSize: pageSize,
        intercept: (request, response) => running.get(request.repository ?? '')?.intercept(request, response) ?? false,
        rewrite: (request, answer) => running.get(request.repository ?? '')?.rewrite(request, answer) ?? answer,
      }),
    ),
  );
});

afterAll(async () => {
  await Promise.all(registries.map((registry) => registry.close()));
});

const digests = (list: readonly Descriptor[] | undefined): string[] | undefined =>
  list && [...new Set(list.map(({ digest }) => digest))].sort();

async function checkWorld(world: World): Promise<void> {
  const registry = registries[world.pageSize - 1];
  if (registry === undefined) throw new Error('no registry for this page size');
  const repository = `model/r${running.size}`;
  const state = new RunningWorld(world, registry, repository);
  running.set(repository, state);
  await using resolver = createResolver({ retry: 0, credentials: () => ({ anonymous: true }) });
  for (const call of world.calls) {
    const asked = ask(resolver, `${registry.host}/${repository}`, state.subject.descriptor, call);
    const outcome = await asked.catch((error: unknown) => error);
    if (outcome instanceof Error) {
      expect(isOciError(outcome), String(outcome)).toBe(true);
      expect(state.hasToAnswer, `no reason for ${String(outcome)}`).toBe(false);
      continue;
    }
    const list = outcome as Awaited<typeof asked>;
    expect(digests(list.referrers)).toEqual(digests(state.truth(call)));
    expect(list.referrers).toHaveLength(digests(list.referrers)?.length ?? 0);
    if (call === 'export') {
      const suffixes = list.legacy.map(({ tag }) => tag.split('.')[1] ?? '');
      expect(suffixes.sort()).toEqual([...world.olderTags].sort());
    }
  }
}

// A hundred registries show it in a second or two; with the rest of the suite beside them on a busy machine in ten times that.
describe('a list of referrers', { timeout: 60_000 }, () => {
  it('is exactly what is there, or a typed error, whatever a registry holds and however it answers', async () => {
    await fc.assert(fc.asyncProperty(worlds, checkWorld), { numRuns: 100 });
  });
});
