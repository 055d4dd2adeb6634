import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { startRegistry, type TestRegistry, type TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import type { Witness } from './kills.js';

const sliceBytes = 16 * 1024;
const stepMs = 4;

/**
 * A registry on a slow line: there is time to end a client in the middle of anything. Its steps are requests begun and
 * slices sent; it is fast from the start, and does not count then.
 */
export interface SlowRegistry extends TestRegistry, Witness {}

/** Starts a registry that can take its time for every answer, and send blobs slice by slice. */
export async function startSlowRegistry(
  options: Pick<TestRegistryOptions, 'referrersApi'> = {},
): Promise<SlowRegistry> {
  let isSlow = false;
  let steps = 0;
  let listen: (steps: number) => void = () => undefined;
  const step = async (): Promise<void> => {
    await delay(stepMs);
    listen(++steps);
  };
  async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      yield bytes.subarray(at, at + sliceBytes);
      await step();
    }
  }
  const registry = await startRegistry({
    ...options,
    intercept: async ({ endpoint, method, repository = '', reference = '' }, response, store) => {
      if (!isSlow) return false;
      await step();
      const bytes = store.repositories.get(repository)?.blobs.get(reference);
      if (endpoint !== 'blob' || method !== 'GET' || bytes === undefined) return false;
      response.writeHead(200, { 'content-length': bytes.length });
      // Whoever is killed leaves in the middle.
      await pipeline(Readable.from(slices(bytes)), response).catch(() => undefined);
      return true;
    },
  });
  return {
    ...registry,
    get steps() {
      return steps;
    },
    onStep: (listener) => {
      steps = 0;
      listen = listener;
    },
    setSlow: (value) => {
      isSlow = value;
    },
  };
}
