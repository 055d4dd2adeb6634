import { buffer } from 'node:stream/consumers';
import { createResolver } from '@stellaops/oci-referrers';
import { buildImage, type RegistryAnswer, startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { repository } from '../../support/artifact-types.js';
import { type BreakingScene, blobBytes, brokenOnce, openBreakingScene, right } from './breaking-registry.js';

// The blob has 300 bytes, which one window has to bring.
const whole = { timeouts: { minBlobBytesPerWindow: 300 } };
const answering = (change: Partial<RegistryAnswer>): Promise<BreakingScene> =>
  openBreakingScene((call) => ({ ...call.right, ...change }), whole);

describe('a blob that one window has to bring', () => {
  it('arrives', async () => {
    const scene = await openBreakingScene(right, whole);
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
  });

  it('is asked for anew where its connection breaks', async () => {
    const scene = await openBreakingScene(brokenOnce(right), whole);
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
    expect(scene.ranges()).toEqual([undefined, 'bytes=0-']);
  });

  it.each([
    ['other bytes', Buffer.alloc(300, 1), 'ERR_OCI_DIGEST_MISMATCH'],
    ['too few', blobBytes.subarray(1), 'ERR_OCI_SIZE_MISMATCH'],
    ['too many', Buffer.concat([blobBytes, Buffer.alloc(1)]), 'ERR_OCI_SIZE_MISMATCH'],
    ['no end', Buffer.alloc(10_000_000), 'ERR_OCI_SIZE_MISMATCH'],
  ])('is refused with %s', async (_, body, code) => {
    const { fetcher, blob } = await answering({ body });
    await expect(fetcher.fetch(blob)).rejects.toMatchObject({ code });
  });

  it('that is not there is an error with the words of the registry', async () => {
    const body = Buffer.from('{"errors":[{"code":"BLOB_UNKNOWN","message":"gone since noon"}]}');
    const { fetcher, blob } = await answering({ status: 404, body });
    await expect(fetcher.fetch(blob)).rejects.toMatchObject({
      code: 'ERR_OCI_NOT_FOUND',
      message: expect.stringContaining('gone since noon') as string,
    });
  });

  it('is never a large one, whatever a window has to bring', async () => {
    const image = buildImage({ layers: [Buffer.alloc(1_000_000)] });
    const [layer] = image.blobs.slice(-1);
    await using registry: TestRegistry = await startRegistry({
      intercept: ({ endpoint }, response) => {
        if (endpoint !== 'blob') return false;
        response.writeHead(200, { 'content-length': '1000000' }).write(Buffer.alloc(1_000));
        return true;
      },
    });
    registry.store.add(repository, image);
    const timeouts = { minBlobBytesPerWindow: 10_000_000 };
    await using resolver = createResolver({ credentials: () => ({ anonymous: true }), timeouts });
    const fetcher = await resolver.fetcher(`${registry.host}/${repository}@${image.descriptor.digest}`);
    // The rest never comes: whoever waited for it would wait for a window.
    const stream = await fetcher.fetch(layer?.descriptor ?? image.descriptor);
    stream.destroy();
  });

  it('is asked for at the registry where a mirror has other bytes', async () => {
    const image = buildImage({ layers: [blobBytes] });
    const [layer] = image.blobs.slice(-1);
    await using registry: TestRegistry = await startRegistry();
    await using mirror: TestRegistry = await startRegistry({
      rewrite: ({ endpoint }, answer) => (endpoint === 'blob' ? { ...answer, body: Buffer.alloc(300) } : answer),
    });
    for (const { store } of [registry, mirror]) store.add(repository, image);
    await using resolver = createResolver({
      credentials: () => ({ anonymous: true }),
      hosts: () => [
        { host: mirror.host, capabilities: ['pull', 'resolve'] },
        { host: registry.host, capabilities: ['pull', 'resolve', 'referrers'] },
      ],
    });
    const fetcher = await resolver.fetcher(`${registry.host}/${repository}@${image.descriptor.digest}`);
    expect(await buffer(await fetcher.fetch(layer?.descriptor ?? image.descriptor))).toEqual(blobBytes);
  });
});
