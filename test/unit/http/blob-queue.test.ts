import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { HttpClient, RegistryResponse, Timeouts } from '../../../src/http/types.js';
import { bound, clientFor, get, startServer, type TestServer } from './support.js';

const piece = Buffer.alloc(64 * 1024);

/** A client with one connection, which an unread blob occupies. */
async function occupied(timeouts: Partial<Timeouts>): Promise<{
  readonly server: TestServer;
  readonly client: HttpClient;
  readonly unread: RegistryResponse;
}> {
  const server = await startServer(({ path, method }, response) => {
    if (path === '/large') response.end(Buffer.alloc(5_000_000));
    else response.writeHead(method === 'PUT' ? 201 : 200).end('small');
  });
  const client = clientFor(server.origin, { timeouts, limits: { maxConnectionsPerHost: 1 } });
  const unread = await client.request(get(server.origin, '/large', { kind: 'blob' }));
  return { server, client, unread };
}

describe('a blob that waits for a connection', () => {
  it('fails after timeouts.requestMs, and says what to do', async () => {
    const { server, client, unread } = await occupied({ requestMs: 300 });
    await expect(client.request(get(server.origin, '/small', { kind: 'blob' }))).rejects.toMatchObject({
      code: 'ERR_OCI_TIMEOUT',
      message: expect.stringContaining('timeouts.requestMs (300 ms)') as string,
      hint: expect.stringContaining('limits.maxConnectionsPerHost') as string,
    });
    unread.body.destroy();
    const answer = await client.request(get(server.origin, '/small', { kind: 'blob' }));
    expect(Buffer.concat(await answer.body.open().toArray()).toString()).toBe('small');
  });

  it('fails as an upload for the wait, not for bytes that it could not move yet', async () => {
    const { server, client } = await occupied({ requestMs: 400, blobWindowMs: 40, minBlobBytesPerWindow: 1 });
    const put = get(server.origin, '/up', {
      method: 'PUT',
      kind: 'blob',
      body: () => Readable.from([piece, piece, piece]),
      bodySize: 3 * piece.length,
    });
    await expect(client.requestBytes(put, bound)).rejects.toMatchObject({
      code: 'ERR_OCI_TIMEOUT',
      message: expect.stringContaining('timeouts.requestMs (400 ms)') as string,
    });
    expect(server.seen).toHaveLength(1);
  });
});

describe('an upload that is on its way', () => {
  const timeouts = { requestMs: 100, blobWindowMs: 2_000 };

  it.each([
    ['a stream', () => Readable.from([piece, piece])],
    ['bytes in memory', Buffer.alloc(2 * piece.length)],
    ['more in memory than a socket holds', Buffer.alloc(100 * piece.length)],
  ])('may be answered later than timeouts.requestMs, as %s', async (_, body) => {
    const server = await startServer((_request, response) => {
      setTimeout(() => response.writeHead(201).end(), 300);
    });
    const size = typeof body === 'function' ? 2 * piece.length : body.length;
    const put = get(server.origin, '/up', { method: 'PUT', kind: 'blob', body, bodySize: size });
    expect((await clientFor(server.origin, { timeouts }).requestBytes(put, bound)).status).toBe(201);
    expect(server.seen[0]?.body).toHaveLength(size);
    expect(server.seen[0]?.headers['content-length']).toBe(String(size));
  });

  it('waits no longer for the connection after a redirect than for the first', async () => {
    let unread: Promise<RegistryResponse> | undefined;
    const server: TestServer = await startServer(({ path }, response) => {
      if (path === '/large') response.end(Buffer.alloc(5_000_000));
      if (path !== '/up') return;
      // It is in the queue before the second hop can be.
      unread = client.request(get(server.origin, '/large', { kind: 'blob' }));
      response.writeHead(307, { Location: '/there' }).end();
    });
    const client = clientFor(server.origin, { timeouts: { requestMs: 300 }, limits: { maxConnectionsPerHost: 1 } });
    const put = get(server.origin, '/up', { method: 'PUT', kind: 'blob', body: piece, bodySize: piece.length });
    await expect(client.requestBytes(put, bound)).rejects.toMatchObject({
      code: 'ERR_OCI_TIMEOUT',
      message: expect.stringContaining('timeouts.requestMs (300 ms)') as string,
    });
    expect(server.seen.map(({ path }) => path)).toEqual(['/up', '/large']);
    (await unread)?.body.destroy();
  });
});
