import { EventEmitter, once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { buildImage, startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { repository } from '../../support/artifact-types.js';
import {
  type BreakingScene,
  blobBytes,
  breakOff,
  brokenOnce,
  openBreakingScene,
  right,
  stall,
  withHeaders,
} from './breaking-registry.js';

describe('a blob that goes on breaking', () => {
  it('fails after retry.maxRetries without progress, and the error names registry and place', async () => {
    const scene = await openBreakingScene((call) => breakOff(call, 1));
    const error: unknown = await buffer(await scene.fetcher.fetch(scene.blob)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'ERR_OCI_NETWORK',
      message: expect.stringMatching(
        new RegExp(`${scene.registry.host}/${repository}: .* at 3 of 300 bytes`),
      ) as string,
      hint: expect.stringContaining(scene.registry.host) as string,
    });
    expect(scene.ranges()).toEqual([undefined, 'bytes=1-', 'bytes=2-']);
  });

  it('fails as often when ranges are ignored, so that nothing new comes', async () => {
    const scene = await openBreakingScene((call) => {
      const whole = { ...call.right, status: 200, body: blobBytes };
      return breakOff({ ...call, right: whole }, 100);
    });
    await expect(scene.fetcher.fetch(scene.blob).then(buffer)).rejects.toMatchObject({ code: 'ERR_OCI_NETWORK' });
    expect(scene.ranges()).toHaveLength(3);
  });

  it('fails when a registry hands it out in crumbs that end well', async () => {
    const scene = await openBreakingScene(
      brokenOnce(({ request, right: answer }) => {
        const at = Number(/\d+/.exec(request.headers['range'] ?? '')?.[0]);
        const range = `bytes ${at}-${at}/300`;
        return { ...withHeaders(answer, { 'content-range': range }), body: blobBytes.subarray(at, at + 1) };
      }),
    );
    await expect(scene.fetcher.fetch(scene.blob).then(buffer)).rejects.toMatchObject({ code: 'ERR_OCI_NETWORK' });
    expect(scene.ranges()).toEqual([undefined, 'bytes=100-', 'bytes=101-']);
  });

  it('is not read over and over where ranges are ignored: twice its size, then the error says so', async () => {
    // Each connection brings as much that is new as one window has to, so that no row of failures ends it.
    const stepBytes = 32 * 1024;
    const scene = await openBreakingScene((call) =>
      breakOff({ ...call, right: { ...call.right, status: 200, body: large } }, stepBytes * call.count),
    );
    const large = Buffer.alloc(40 * stepBytes, 7);
    const image = buildImage({ layers: [large] });
    scene.registry.store.add(repository, image);
    const layer = image.blobs.find(({ descriptor }) => descriptor.size === large.length);
    const reading = scene.fetcher.fetch(layer?.descriptor ?? scene.blob).then(buffer);
    const error: unknown = await reading.then(
      ({ length }) => length,
      (caught: unknown) => caught,
    );
    const sentAgain = scene.ranges().reduce((bytes, _, index) => bytes + index * stepBytes, 0);
    expect(error).toMatchObject({
      code: 'ERR_OCI_NETWORK',
      message: expect.stringMatching(/ at \d+ of 1310720 bytes.* \d+ bytes came again/) as string,
      hint: expect.stringContaining('ranges') as string,
    });
    expect(sentAgain).toBeGreaterThan(large.length);
    expect(sentAgain).toBeLessThanOrEqual(2 * large.length + 1024 * 1024);
  });

  it('arrives as long as each connection brings what one window has to', async () => {
    const timeouts = { minBlobBytesPerWindow: 50 };
    const scene = await openBreakingScene((call) => breakOff(call, 50), { timeouts });
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
    expect(scene.ranges()).toHaveLength(6);
  });

  it('fails at once where retries are off', async () => {
    const scene = await openBreakingScene((call) => breakOff(call, 100), { retry: 0 });
    await expect(scene.fetcher.fetch(scene.blob).then(buffer)).rejects.toMatchObject({ code: 'ERR_OCI_NETWORK' });
    expect(scene.ranges()).toEqual([undefined]);
  });

  it('ends with the reason of the signal, also in the pause', async () => {
    const reason = new Error('enough');
    const stop = new AbortController();
    const debug = (line: string): void => {
      // The line is written before the pause begins.
      if (line.includes('asks for the bytes from 100 on'))
        setImmediate(() => {
          stop.abort(reason);
        });
    };
    const logger = { debug, info: () => {}, warn: () => {}, error: () => {} };
    const retry = { maxRetries: 2, baseDelayMs: 3_600_000, maxDelayMs: 3_600_000 };
    const scene = await openBreakingScene((call) => breakOff(call, 100), { retry, logger });
    const reading = buffer(await scene.fetcher.fetch(scene.blob, { signal: stop.signal }));
    await expect(reading).rejects.toBe(reason);
    expect(scene.ranges()).toEqual([undefined]);
  });

  it('ends with the reason of the signal, also in a later body', async () => {
    const reason = new Error('enough');
    const stop = new AbortController();
    const scene = await openBreakingScene((call) => (call.count === 1 ? breakOff(call, 100) : stall(call, 1)));
    const stream = await scene.fetcher.fetch(scene.blob, { signal: stop.signal });
    let read = 0;
    stream.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read === 101) stop.abort(reason);
    });
    const [error] = (await once(stream, 'error')) as unknown[];
    expect(error).toBe(reason);
  });

  it('ends its request when the reader leaves', async () => {
    const gone = new EventEmitter();
    const closed = once(gone, 'close');
    const scene = await openBreakingScene((call) => {
      if (call.count === 1) return breakOff(call, 100);
      call.response.once('close', () => gone.emit('close'));
      return stall(call, 1);
    });
    const stream = await scene.fetcher.fetch(scene.blob);
    let read = 0;
    stream.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read === 101) stream.destroy();
    });
    await closed;
    expect(stream.errored).toBeNull();
  });
});

describe('a blob that nobody reads', () => {
  it.each<[string, (scene: BreakingScene, stop: AbortController) => unknown, unknown]>([
    [
      'its signal fires',
      (_scene, stop) => {
        stop.abort(new Error('enough'));
      },
      { message: 'enough' },
    ],
    ['its resolver is closed', (scene) => scene.resolver.close(), { code: 'ERR_OCI_CLOSED' }],
  ])('ends at once when %s', async (_name, end, error) => {
    const scene = await openBreakingScene(right);
    const large = buildImage({ layers: [Buffer.alloc(4_000_000)] });
    scene.registry.store.add(repository, large);
    const layer = large.blobs.find(({ descriptor }) => descriptor.size === 4_000_000);
    if (layer === undefined) throw new TypeError('no blob of that size');
    const stop = new AbortController();
    const stream = await scene.fetcher.fetch(layer.descriptor, { signal: stop.signal });
    const ended = once(stream, 'error');
    // What fits in memory has come, and the rest waits for a reader.
    await expect.poll(() => stream.readableLength).toBeGreaterThan(0);
    await end(scene, stop);
    expect(await ended).toMatchObject([error]);
  });
});

describe('a blob that the registry keeps elsewhere', () => {
  it('is asked for at the registry each time, and no secret goes elsewhere', async () => {
    let wanted = 0;
    const store = await startRegistry({
      intercept: ({ query, headers }, response) => {
        // Each URL is good for one request, as one that has expired in the meantime.
        if (query.get('use') !== String(wanted)) response.writeHead(403).end();
        else if (wanted === 1) {
          response.writeHead(200, { 'content-length': 300, etag: '"theirs"' }).write(blobBytes.subarray(0, 100));
          response.socket?.destroySoon();
        } else {
          const from = Number(/^bytes=(\d+)-$/.exec(headers['range'] ?? '')?.[1]);
          response.writeHead(206, { 'content-range': `bytes ${from}-299/300`, etag: '"theirs"' });
          response.end(blobBytes.subarray(from));
        }
        return true;
      },
    });
    onTestFinished(() => store.close());
    const location = (): string => `${store.origin}/blob?use=${++wanted}`;
    const scene = await openBreakingScene(() => ({ status: 307, headers: { location: location() } }), {
      headers: () => ({ 'x-api-key': 'secret' }),
    });
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
    expect(scene.ranges()).toEqual([undefined, 'bytes=100-']);
    expect(store.requests.map(({ url, headers }) => [url, headers['range']])).toEqual([
      ['/blob?use=1', undefined],
      ['/blob?use=2', 'bytes=100-'],
    ]);
    for (const { headers } of store.requests) {
      expect(headers).not.toHaveProperty('x-api-key');
      expect(headers).not.toHaveProperty('if-range');
    }
  });
});
