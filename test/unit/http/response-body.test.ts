import { text } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bound, clientFor, get, startServer, type TestServer } from './support.js';

const network = { code: 'ERR_OCI_NETWORK', name: 'TransportError' };
const content = JSON.stringify({ some: 'json', padding: ' '.repeat(2_000) });

async function serve(body: Uint8Array, headers: Record<string, string>, status = 200): Promise<TestServer> {
  return await startServer((_, response) => response.writeHead(status, headers).end(body));
}

async function readAll(server: TestServer, limit = bound.limit): Promise<string> {
  const answer = await clientFor(server.origin).requestBytes(get(server.origin, '/'), { ...bound, limit });
  return answer.bytes.toString();
}

describe('a body that is compressed although nobody asked', () => {
  it.each([
    ['gzip', gzipSync(content)],
    ['x-gzip', gzipSync(content)],
    ['GZIP', gzipSync(content)],
    ['deflate', deflateSync(content)],
    ['br', brotliCompressSync(content)],
    ['gzip, br', brotliCompressSync(gzipSync(content))],
    ['identity', Buffer.from(content)],
  ])('with %s is decoded', async (coding, body) => {
    const server = await serve(body, { 'Content-Encoding': coding, 'Content-Length': String(body.length) });
    expect(await readAll(server)).toBe(content);
    expect(server.seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  it('counts by its decoded size against the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const server = await serve(bomb, { 'Content-Encoding': 'gzip', 'Content-Length': String(bomb.length) });
    await expect(readAll(server, 64 * 1024)).rejects.toMatchObject({
      code: 'ERR_OCI_LIMIT_EXCEEDED',
      limitName: 'maxManifestBytes',
    });
  });

  it('may be larger when decoded than its Content-Length says', async () => {
    const body = gzipSync(content);
    const server = await serve(body, { 'Content-Encoding': 'gzip', 'Content-Length': String(body.length) });
    expect(body.length).toBeLessThan(content.length);
    expect(await readAll(server, content.length)).toBe(content);
  });

  it('and cut short is a network fault', async () => {
    const server = await serve(gzipSync(content).subarray(0, 20), { 'Content-Encoding': 'gzip' });
    await expect(readAll(server)).rejects.toMatchObject(network);
  });

  it('and is not what it claims is an error', async () => {
    const server = await serve(Buffer.from('plain text'), { 'Content-Encoding': 'gzip' });
    await expect(readAll(server)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_HEADER' });
  });

  it.each(['zstd', 'compress', 'gzip, gzip, gzip'])('with %s is refused', async (coding) => {
    const server = await serve(Buffer.from('x'), { 'Content-Encoding': coding });
    await expect(readAll(server)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_HEADER' });
  });

  it('cannot be a part of a blob', async () => {
    const server = await serve(gzipSync(content), { 'Content-Encoding': 'gzip' }, 206);
    await expect(readAll(server)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_HEADER' });
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const)('is not looked for in an answer without one (%s, %i)', async (method, status) => {
    const server = await serve(Buffer.alloc(0), { 'Content-Encoding': 'gzip' }, status);
    const answer = await clientFor(server.origin).requestBytes(get(server.origin, '/', { method }), bound);
    expect(answer).toMatchObject({ status, truncated: false });
    expect(answer.bytes).toHaveLength(0);
  });
});

describe('a body that breaks off', () => {
  const breakOff = async (): Promise<TestServer> =>
    await startServer((_, response) => {
      response.writeHead(200, { 'Content-Length': '100000' });
      response.write('x'.repeat(50_000), () => response.destroy());
    });

  it('is an error and not a short body', async () => {
    await expect(readAll(await breakOff())).rejects.toMatchObject({ ...network, cause: expect.any(Error) as Error });
  });

  it('is an error for a caller who streams it too', async () => {
    const server = await breakOff();
    const answer = await clientFor(server.origin).request(get(server.origin, '/', { kind: 'blob' }));
    await expect(text(answer.body.open())).rejects.toMatchObject(network);
  });

  it('is an error for a caller who begins to read it later', async () => {
    const server = await breakOff();
    const answer = await clientFor(server.origin).request(get(server.origin, '/', { kind: 'blob' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(text(answer.body.open())).rejects.toMatchObject(network);
  });

  it('is an error when it is chunked', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(200).write('some', () => response.socket?.destroy());
    });
    await expect(readAll(server)).rejects.toMatchObject(network);
  });

  it('is an error when the server ends it politely but early', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(200, { 'Content-Length': '10' });
      response.write('half', () => response.socket?.end());
    });
    await expect(readAll(server)).rejects.toMatchObject(network);
  });
});

describe('the size of a body', () => {
  it.each([true, false])('over the limit is an error (Content-Length sent: %s)', async (announced) => {
    const body = Buffer.alloc(10_001);
    const server = await serve(body, announced ? { 'Content-Length': '10001' } : { 'Transfer-Encoding': 'chunked' });
    await expect(readAll(server, 10_000)).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED', limit: 10_000 });
  });

  it('may reach the limit exactly', async () => {
    const server = await serve(Buffer.alloc(10_000), {});
    expect(await readAll(server, 10_000)).toHaveLength(10_000);
  });

  it('of an error answer is cut at the limit', async () => {
    const server = await serve(Buffer.alloc(100_000, 'x'), {}, 404);
    const answer = await clientFor(server.origin).requestBytes(get(server.origin, '/'), { ...bound, limit: 100 });
    expect(answer.bytes).toHaveLength(100);
    expect(answer.truncated).toBe(true);
  });

  it('over the limit does not cost the pool its connection', async () => {
    const server = await startServer(({ path }, response) =>
      response.end(Buffer.alloc(path === '/big' ? 5_000_000 : 1)),
    );
    const client = clientFor(server.origin, { limits: { maxConnectionsPerHost: 1 } });
    await expect(client.requestBytes(get(server.origin, '/big'), bound)).rejects.toThrow('maxManifestBytes');
    expect((await client.requestBytes(get(server.origin, '/'), bound)).status).toBe(200);
  });
});
