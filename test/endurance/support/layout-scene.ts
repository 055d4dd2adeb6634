import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createResolver, discoverReferrers, isOciError, openLayout } from '@stellaops/oci-referrers';
import type { TestRegistry } from '@stellaops/oci-referrers/testing';
import { expect } from 'vitest';
import type { Witness } from './kills.js';

/** What an image consists of, and what refers to it. */
interface Closure {
  readonly manifests: readonly string[];
  readonly blobs: readonly string[];
}

/** Walks the closure of an image at a registry. */
async function closureAt({ host, store }: TestRegistry, reference: string): Promise<Closure> {
  await using resolver = createResolver({ credentials: () => ({ anonymous: true }) });
  const at = `${host}/${reference}`;
  const { descriptor } = await resolver.resolve(at);
  const { nodes } = await discoverReferrers(await resolver.fetcher(at), descriptor);
  const [name = ''] = reference.split(':');
  return { manifests: [...nodes.keys()].sort(), blobs: [...store.repository(name).blobs.keys()] };
}

/**
 * Looks at a layout as it is: whatever has a name there has everything, and its referrers are listed.
 *
 * @returns how many of the references have a name; undefined where the directory is no layout yet
 */
export async function countNames(
  root: string,
  source: TestRegistry,
  references: readonly string[],
  when: string,
): Promise<number | undefined> {
  const names: readonly string[] = await readdir(root).catch(() => []);
  // Not one half of it: index.json gets its name when it is whole.
  if (names.includes('index.json')) JSON.parse(await readFile(join(root, 'index.json'), 'utf8'));
  if (!names.includes('oci-layout')) return undefined;
  const whole = await openLayout(root);
  let count = 0;
  for (const reference of references) {
    const full = `${source.host}/${reference}`;
    const expected = await closureAt(source, reference);
    const image = await whole.resolve(full).catch((error: unknown) => {
      if (isOciError(error, 'ERR_OCI_NOT_FOUND')) return undefined;
      throw error;
    });
    if (image === undefined) continue;
    count += 1;
    const layout = whole.inRepository(image.repository);
    const { nodes } = await discoverReferrers(layout, image.descriptor);
    expect([...nodes.keys()].sort(), when).toEqual(expected.manifests);
    for (const digest of expected.blobs) {
      const size = source.store.repository(reference.split(':')[0] ?? '').blobs.get(digest)?.length ?? 0;
      const blob = { mediaType: 'application/octet-stream', digest, size };
      expect(await layout.exists(blob), `${when}: ${digest}`).toBe(true);
    }
  }
  return count;
}

/** Files that no layout has: parts of others, locks, lists that were replaced. */
export async function leftovers(root: string): Promise<readonly string[]> {
  const names = await Promise.all(['.', 'blobs/sha256'].map((folder) => readdir(join(root, folder))));
  return names.flat().filter((name) => name.startsWith('.'));
}

/** Watches a directory that is to become a layout; each change of a name in it is a step. */
export async function watchLayout(root: string): Promise<Witness & AsyncDisposable> {
  let steps = 0;
  let listen: (steps: number) => void = () => undefined;
  await mkdir(join(root, 'blobs/sha256'), { recursive: true });
  const watchers: readonly FSWatcher[] = [root, join(root, 'blobs/sha256')].map((folder) =>
    watch(folder, (event) => {
      if (event === 'rename') listen(++steps);
    }),
  );
  return {
    get steps() {
      return steps;
    },
    onStep: (listener) => {
      steps = 0;
      listen = listener;
    },
    setSlow: () => undefined,
    [Symbol.asyncDispose]: () => {
      for (const watcher of watchers) watcher.close();
      return Promise.resolve();
    },
  };
}
