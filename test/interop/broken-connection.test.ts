import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { digestOf } from '@stellaops/oci-referrers';
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

    const cut = (cutting: Cutting): ReturnType<typeof startCuttingProxy> => startCuttingProxy(workspace.host, cutting);
  });
}
