import { EventEmitter, once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { buildImage, type RegistryAnswer, startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { repository } from '../../support/artifact-types.js';
import {
  type BlobAnswer,
  type BreakingScene,
  blobBytes,
  breakOff,
  openBreakingScene,
  stall,
} from './breaking-registry.js';

const right: BlobAnswer = ({ right: answer }) => answer;
const brokenOnce =
  (then: BlobAnswer): BlobAnswer =>
  (call) =>
    call.count === 1 ? breakOff(call, 100) : then(call);

const withHeaders = (answer: RegistryAnswer, headers: RegistryAnswer['headers']): RegistryAnswer => ({
  ...answer,
  headers: { ...answer.headers, ...headers },
});

describe('a blob whose connection breaks', () => {
  it('arrives whole: each time the rest is asked for', async () => {
    const scene = await openBreakingScene((call) => (call.count < 3 ? breakOff(call, 100) : call.right));
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
    expect(scene.ranges()).toEqual([undefined, 'bytes=100-', 'bytes=200-']);
  });

  it('arrives whole by its digest alone', async () => {
    const scene = await openBreakingScene(brokenOnce(right));
    const { descriptor, body } = await scene.fetcher.fetchByDigest(scene.blob.digest, { kind: 'blob' });
    expect(descriptor.size).toBe(300);
    expect(await buffer(body)).toEqual(blobBytes);
    expect(scene.ranges()).toEqual([undefined, 'bytes=100-']);
  });

  it('arrives whole when it stalls instead', async () => {
    const timeouts = { blobWindowMs: 100, minBlobBytesPerWindow: 1 };
    const scene = await openBreakingScene((call) => (call.count === 1 ? stall(call, 100) : call.right), { timeouts });
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
    expect(scene.ranges()).toEqual([undefined, 'bytes=100-']);
  });

  it('arrives whole, and no byte twice, from a registry that ignores ranges', async () => {
    const scene = await openBreakingScene(
      brokenOnce(({ right: answer }) => ({ ...answer, status: 200, body: blobBytes })),
    );
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
  });

  it('arrives whole from a registry that gives less than was asked for', async () => {
    const scene = await openBreakingScene(
      brokenOnce(({ request, right: answer }) => {
        if (request.headers['range'] !== 'bytes=100-') return answer;
        return { ...withHeaders(answer, { 'content-range': 'bytes 100-149/300' }), body: blobBytes.subarray(100, 150) };
      }),
    );
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
    expect(scene.ranges()).toEqual([undefined, 'bytes=100-', 'bytes=150-']);
  });

  it('is asked for whole again when it came compressed, whose offsets nobody knows', async () => {
    const zipped = (answer: RegistryAnswer): RegistryAnswer =>
      withHeaders({ ...answer, body: gzipSync(blobBytes, { level: 0 }) }, { 'content-encoding': 'gzip' });
    const scene = await openBreakingScene((call) =>
      call.count === 1 ? breakOff({ ...call, right: zipped(call.right) }, 200) : zipped(call.right),
    );
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
    expect(scene.ranges()).toEqual([undefined, undefined]);
  });

  it('is complete with its last byte, though more was announced', async () => {
    const scene = await openBreakingScene((call) => {
      call.response.writeHead(200, { ...call.right.headers, 'content-length': 301 }).write(blobBytes);
      call.response.socket?.destroySoon();
      return 'taken';
    });
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
    expect(scene.ranges()).toEqual([undefined]);
  });

  it.each([
    ['a strong validator', '"one"', '"one"'],
    ['a weak validator', 'W/"one"', undefined],
    ['a validator that is none', 'one', undefined],
  ])('is asked for on a condition where there is %s', async (_name, etag, condition) => {
    const sent: (string | undefined)[] = [];
    const scene = await openBreakingScene((call) => {
      sent.push(call.request.headers['if-range']);
      const tagged = { ...call, right: withHeaders(call.right, { etag }) };
      return call.count === 1 ? breakOff(tagged, 100) : tagged.right;
    });
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
    expect(sent).toEqual([undefined, condition]);
  });
});

describe('an answer to the request for the rest', () => {
  it.each<[string, (answer: RegistryAnswer) => RegistryAnswer, string, string]>([
    ['begins elsewhere', (a) => withHeaders(a, { 'content-range': 'bytes 0-199/300' }), 'ERR_OCI_BAD_HEADER', '0-199'],
    [
      'is of a larger whole',
      (a) => withHeaders(a, { 'content-range': 'bytes 100-299/301' }),
      'ERR_OCI_BAD_HEADER',
      '301',
    ],
    [
      'ends behind the whole',
      (a) => withHeaders(a, { 'content-range': 'bytes 100-300/*' }),
      'ERR_OCI_BAD_HEADER',
      '300/*',
    ],
    [
      'ends before it begins',
      (a) => withHeaders(a, { 'content-range': 'bytes 100-99/300' }),
      'ERR_OCI_BAD_HEADER',
      '-99/',
    ],
    ['does not say what it is', (a) => ({ ...a, headers: {} }), 'ERR_OCI_BAD_HEADER', 'without Content-Range'],
    [
      'has several parts',
      (a) => withHeaders(a, { 'content-type': 'multipart/byteranges; boundary=x' }),
      'ERR_OCI_BAD_HEADER',
      'several parts',
    ],
    ['has another ETag', (a) => withHeaders(a, { etag: '"two"' }), 'ERR_OCI_BAD_HEADER', 'another ETag'],
    [
      'is of another digest',
      (a) => withHeaders(a, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }),
      'ERR_OCI_BAD_HEADER',
      'another Docker-Content-Digest',
    ],
    ['is compressed', (a) => withHeaders(a, { 'content-encoding': 'gzip' }), 'ERR_OCI_BAD_HEADER', 'Content-Encoding'],
    ['is that there is no such range', (a) => ({ ...a, status: 416 }), 'ERR_OCI_REGISTRY_STATUS', '416'],
    ['is that there is no such blob', (a) => ({ ...a, status: 404 }), 'ERR_OCI_NOT_FOUND', 'bytes from 100 on'],
    ['has other bytes', (a) => ({ ...a, body: Buffer.alloc(200) }), 'ERR_OCI_DIGEST_MISMATCH', 'hashes to'],
    ['has too few bytes', (a) => ({ ...a, body: Buffer.alloc(150) }), 'ERR_OCI_SIZE_MISMATCH', '250'],
    ['has too many bytes', (a) => ({ ...a, body: Buffer.alloc(201) }), 'ERR_OCI_SIZE_MISMATCH', 'more than 300'],
  ])('ends the download when it %s, and holds no connection', async (_name, wrong, code, words) => {
    const options = { limits: { maxConnectionsPerHost: 1 } };
    const scene = await openBreakingScene((call) => {
      const tagged = { ...call, right: withHeaders(call.right, { etag: '"one"' }) };
      if (call.count === 1) return breakOff(tagged, 100);
      return call.count === 2 ? wrong(tagged.right) : call.right;
    }, options);
    const reading = buffer(await scene.fetcher.fetch(scene.blob));
    await expect(reading).rejects.toMatchObject({ code, message: expect.stringContaining(words) as string });
    expect(scene.ranges()).toEqual([undefined, 'bytes=100-']);
    expect(await buffer(await scene.fetcher.fetch(scene.blob))).toEqual(blobBytes);
  });
});

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
