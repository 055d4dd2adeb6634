import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createResolver, digestOf } from '@stellaops/oci-referrers';
import { beforeAll, expect, it } from 'vitest';
import { type Cutting, startCuttingProxy } from './support/cutting-proxy.js';
import { dockerRegistry, nativeRegistry } from './support/registries.js';
import { describeWith } from './support/tools.js';
import { openWorkspace, repositoryName, type Workspace } from './support/workspace.js';

const mebibyte = 1024 * 1024;
const bytes = randomBytes(6 * mebibyte);
const blob = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };

for (const kind of [nativeRegistry, dockerRegistry]) {
  describeWith(kind.tools, `a blob over a connection that keeps breaking, and ${kind.name}`, () => {
    let workspace: Workspace;
    beforeAll(async () => {
      workspace = await openWorkspace(kind, () => Promise.resolve({}));
      return () => workspace.close();
    });

    it('comes down whole, what was there already only once', async () => {
      await workspace.pusher.push(blob, bytes);
      await using proxy = await cut({ direction: 'down', afterBytes: 2 * mebibyte, times: 2 });
      const fetcher = await workspace.resolver.fetcher(`${proxy.host}/${repositoryName}`);
      expect((await buffer(await fetcher.fetch(blob))).equals(bytes)).toBe(true);
      expect(proxy.cuts).toBe(2);
      const offsets = proxy.requests
        .flatMap((request) => /^range: bytes=(\d+)-/im.exec(request)?.[1] ?? [])
        .map(Number);
      expect(offsets).toHaveLength(2);
      expect(offsets.every((offset, at) => offset > (offsets[at - 1] ?? mebibyte))).toBe(true);
    });

    it.each([
      ['from memory', bytes],
      ['from a stream', () => Readable.from([bytes])],
    ] as const)('goes up whole, %s', async (_, content) => {
      await using proxy = await cut({ direction: 'up', afterBytes: 2 * mebibyte, times: 2 });
      const repository = typeof content === 'function' ? 'up/stream' : 'up/memory';
      const pusher = await workspace.resolver.pusher(`${proxy.host}/${repository}`);
      expect(await pusher.push(blob, content)).toMatchObject({ uploaded: true });
      expect(proxy.cuts).toBe(2);
      expect(await isAt(repository)).toBe(true);
    });

    it('goes up in chunks, and goes on where the registry still knows how far it was', async () => {
      await using proxy = await cut({ direction: 'up', afterBytes: 2.5 * mebibyte, times: 2 });
      await using resolver = createResolver({ limits: { maxPutBytes: mebibyte, maxChunkBytes: mebibyte } });
      const pusher = await resolver.pusher(`${proxy.host}/up/chunks`);
      expect(await pusher.push(blob, () => Readable.from([bytes]))).toMatchObject({ uploaded: true });
      expect(proxy.cuts).toBe(2);
      const starts = proxy.requests.filter((request) => /^content-range: 0-/im.test(request));
      // docker-registry 2.8 keeps the part of a chunk that came, and then knows nothing of the upload any more.
      if (kind !== dockerRegistry) expect(starts).toHaveLength(1);
      expect(await isAt('up/chunks')).toBe(true);
    });

    const isAt = async (repository: string): Promise<boolean> => {
      const answer = await fetch(`http://${workspace.host}/v2/${repository}/blobs/${blob.digest}`);
      return Buffer.from(await answer.arrayBuffer()).equals(bytes);
    };
    const cut = (cutting: Cutting): ReturnType<typeof startCuttingProxy> => startCuttingProxy(workspace.host, cutting);
  });
}
