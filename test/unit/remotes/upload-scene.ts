import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { createResolver, type Descriptor, digestOf, type Limits, type Pusher } from '@stellaops/oci-referrers';
import { startRegistry, type TestRegistry, type TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { onTestFinished } from 'vitest';
import { type Cutting, startCuttingProxy } from '../../interop/support/cutting-proxy.js';
import { repository } from '../../support/artifact-types.js';

const KiB = 1024;
export const chunkBytes: number = 64 * KiB;

/** A registry, a blob it does not have, and a pusher that reaches it over a line that may break. */
export interface UploadScene {
  readonly registry: TestRegistry;
  readonly pusher: Pusher;
  readonly blob: Descriptor;
  /** Opens the blob's content; counts how often. */
  readonly open: () => Readable;
  readonly opened: () => number;
  /** The uploads' requests in order: method, range, status; `cut` where there was no answer. */
  readonly calls: () => string[];
  /** Whether the registry has the blob, to the last byte. */
  readonly hasArrived: () => boolean;
  readonly bytes: Buffer;
}

export interface UploadSetup {
  readonly size?: number;
  readonly registry?: TestRegistryOptions;
  /** Chunks of 64 KiB from the first byte on by default. */
  readonly limits?: Partial<Limits>;
  readonly maxRetries?: number;
  readonly cutting?: Cutting;
}

/** Opens a scene for the length of one test. */
export async function openUploadScene(setup: UploadSetup = {}): Promise<UploadScene> {
  const bytes = randomBytes(setup.size ?? 5 * chunkBytes + 100);
  const registry = await startRegistry(setup.registry);
  const line = setup.cutting === undefined ? undefined : await startCuttingProxy(registry.host, setup.cutting);
  const resolver = createResolver({
    retry: { maxRetries: setup.maxRetries ?? 2, baseDelayMs: 1, maxDelayMs: 1 },
    limits: { maxPutBytes: 1, maxChunkBytes: chunkBytes, ...setup.limits },
    timeouts: { minBlobBytesPerWindow: KiB },
    credentials: () => ({ anonymous: true }),
  });
  onTestFinished(async () => {
    await resolver.close();
    await line?.[Symbol.asyncDispose]();
    await registry.close();
  });
  const blob = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };
  let opened = 0;
  return {
    registry,
    pusher: await resolver.pusher(`${line?.host ?? registry.host}/${repository}:v1`),
    blob,
    bytes,
    open: () => {
      opened += 1;
      return Readable.from(piecesOf(bytes), { objectMode: false });
    },
    opened: () => opened,
    calls: () =>
      registry.requests
        .filter(({ endpoint }) => endpoint === 'upload')
        .map(({ method, headers, status }) =>
          [method, headers['content-range'], status ?? 'cut'].filter((part) => part !== undefined).join(' '),
        ),
    hasArrived: () => {
      const stored = registry.store.repository(repository).blobs.get(blob.digest);
      return stored !== undefined && bytes.equals(stored);
    },
  };
}

/** Pieces of a size that no chunk is a multiple of. */
function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 10_007) yield bytes.subarray(at, at + 10_007);
}
