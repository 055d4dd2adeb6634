import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RegistryWarning } from '../../../src/http/types.js';
import { authorizerFor } from '../auth/support.js';
import { bound, clientFor, get, listen, quickRetry, silent, startServer } from './support.js';

const chunk = Buffer.alloc(64 * 1024);
const chunks = 200;

/** A body much larger than what sockets hold, which counts how much of it was taken. */
function largeBody(): { open: () => Readable; opened: () => number; allClosed: () => boolean } {
  const streams: Readable[] = [];
  const open = (): Readable => {
    const stream = Readable.from(Array.from({ length: chunks }, () => chunk));
    streams.push(stream);
    return stream;
  };
  return { open, opened: () => streams.length, allClosed: () => streams.every((stream) => stream.destroyed) };
}

describe('an upload that is answered before it has ended', () => {
  it('is sent again with credentials, from the start', async () => {
    let received = 0;
    const server = createServer((request, response) => {
      if (request.headers.authorization === undefined) {
        // The body is not read: what the client still has to send is of no use to anybody.
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"', Connection: 'close' }).end('who?');
        return;
      }
      request.on('data', (data: Buffer) => {
        received += data.length;
      });
      request.on('end', () => response.writeHead(201).end());
    });
    await listen(server);
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const authorizer = authorizerFor(origin, { credentials: () => ({ username: 'u', password: 'p' }) });
    const body = largeBody();
    const request = get(origin, '/up', {
      method: 'PUT',
      kind: 'blob',
      body: body.open,
      bodySize: chunks * chunk.length,
    });
    const answer = await clientFor(origin, { authorizer, retry: quickRetry }).requestBytes(request, bound);
    expect(answer.status).toBe(201);
    expect(received).toBe(chunks * chunk.length);
    expect(body.allClosed()).toBe(true);
  });

  it('is over when the answer is, and its stream is destroyed', async () => {
    const server = createServer((_, response) => response.writeHead(413, { Connection: 'close' }).end('too large'));
    await listen(server);
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const body = largeBody();
    const request = get(origin, '/up', {
      method: 'POST',
      kind: 'blob',
      body: body.open,
      bodySize: chunks * chunk.length,
    });
    const result = await clientFor(origin)
      .requestBytes(request, bound)
      .then(
        ({ status }) => status,
        (error: unknown) => (error as { code: string }).code,
      );
    // Whether the answer gets through before the connection breaks is up to the two sockets.
    expect([413, 'ERR_OCI_NETWORK']).toContain(result);
    expect(body.opened()).toBe(1);
    await expect.poll(body.allClosed).toBe(true);
  });
});

describe('one connection for registry and token service', () => {
  it('is enough: no body is left unread while a token is fetched', async () => {
    const server = await startServer(({ path, headers }, response) => {
      if (path.startsWith('/token')) response.end('{"token":"T"}');
      else if (headers.authorization === 'Bearer T') response.end('ok');
      else {
        response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${server.origin}/token"` });
        response.end('x'.repeat(5_000_000));
      }
    });
    const dispatcher = new Agent({ connections: 1 });
    onTestFinished(async () => {
      await dispatcher.destroy();
    });
    const authorizer = authorizerFor(server.origin, { dispatcher });
    const client = clientFor(server.origin, { dispatcher, authorizer });
    expect((await client.requestBytes(get(server.origin, '/v2/'), bound)).status).toBe(200);
  });
});

describe('a token service that cannot be reached', () => {
  it('is tried as often as the policy says, not that often for each try of the request', async () => {
    const service = await startServer((_, response) => response.destroy());
    const server = await startServer((_, response) =>
      response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${service.origin}"` }).end(),
    );
    const authorizer = authorizerFor(server.origin, { retry: quickRetry });
    const client = clientFor(server.origin, { authorizer, retry: quickRetry });
    await expect(client.requestBytes(get(server.origin, '/v2/'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      message: expect.stringMatching(/^get a token for 127\.0\.0\.1:\d+: GET /) as string,
    });
    expect(service.seen).toHaveLength(1 + quickRetry.maxRetries);
  });
});

describe('warnings of a registry', () => {
  it('are passed on once each, with the host that sent them', async () => {
    const server = await startServer((_, response) => response.writeHead(200, { Warning: '299 - "old"' }).end());
    const warnings: RegistryWarning[] = [];
    const client = clientFor(server.origin, { onWarning: (warning) => warnings.push(warning) });
    for (let round = 0; round < 3; round++) await client.requestBytes(get(server.origin, '/'), bound);
    expect(warnings).toEqual([{ host: server.host, text: 'old' }]);
  });

  it('never cost an answer, nor its connection, when the caller fails to take them', async () => {
    const server = await startServer((_, response) =>
      response.writeHead(200, { Warning: '299 - "old", 299 - "older"' }).end('x'.repeat(1_000_000)),
    );
    const logged: string[] = [];
    const passed: string[] = [];
    const onWarning = ({ text }: RegistryWarning): void => {
      passed.push(text);
      throw new Error('the screen is full');
    };
    const logger = { ...silent, debug: (line: string): void => void logged.push(line) };
    const client = clientFor(server.origin, { onWarning, logger, limits: { maxConnectionsPerHost: 1 } });
    for (let round = 0; round < 2; round++) {
      const answer = await client.request(get(server.origin, '/', { kind: 'blob' }));
      expect(Buffer.concat(await answer.body.open().toArray())).toHaveLength(1_000_000);
    }
    expect(passed).toEqual(['old', 'older']);
    expect(logged.join('\n')).toContain('onWarning failed: the screen is full');
  });
});
