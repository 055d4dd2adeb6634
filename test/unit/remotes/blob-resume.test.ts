import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import type { RegistryAnswer } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { blobBytes, breakOff, brokenOnce, openBreakingScene, right, stall, withHeaders } from './breaking-registry.js';

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
