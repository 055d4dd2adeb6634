import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { bound, clientFor, get, quickRetry, startServer } from './support.js';

describe('an HTTP client', () => {
  it('gives back status, headers and body of an answer', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/x', 'X-Twice': ['a', 'b'] }).end('hello');
    });
    const answer = await clientFor(server.origin).requestBytes(get(server.origin, '/v2/?n=1'), bound);
    expect(answer).toMatchObject({ status: 200, method: 'GET', leftOrigin: false, truncated: false });
    expect(answer.bytes.toString()).toBe('hello');
    expect(answer.headers.get('CONTENT-TYPE')).toBe('text/x');
    expect(answer.headers.all('x-twice')).toEqual(['a', 'b']);
    expect(server.seen[0]?.path).toBe('/v2/?n=1');
  });

  it('streams a blob', async () => {
    const server = await startServer((_, response) => response.end('x'.repeat(300_000)));
    const answer = await clientFor(server.origin).request(get(server.origin, '/blob', { kind: 'blob' }));
    expect(await text(answer.body.open())).toHaveLength(300_000);
  });

  it('sends configured headers, and those of the request above them', async () => {
    const server = await startServer((_, response) => response.end());
    const client = clientFor(server.origin, { headers: { 'X-Api-Key': 'k', Accept: 'a/b' } });
    await client.requestBytes(get(server.origin, '/', { headers: { accept: 'c/d' } }), bound);
    expect(server.seen[0]?.headers).toMatchObject({ 'x-api-key': 'k', accept: 'c/d', 'accept-encoding': 'identity' });
  });

  it('takes a header that a proxy sent a second time for one', async () => {
    const server = await startServer((_, response) => {
      response.setHeader('Content-Type', ['text/x', 'text/x']);
      response.end();
    });
    const answer = await clientFor(server.origin).requestBytes(get(server.origin, '/'), bound);
    expect(answer.headers.get('content-type')).toBe('text/x');
  });

  it.each([200, 302])('does not guess which of two values holds, in an answer with %i', async (status) => {
    const server = await startServer((_, response) => {
      response.setHeader('Location', ['/a?token=secret', '/b']);
      response.writeHead(status).end('x'.repeat(1_000_000));
    });
    const client = clientFor(server.origin, { limits: { maxConnectionsPerHost: 1 } });
    for (let round = 0; round < 2; round++) {
      const fault: unknown = await client
        .request(get(server.origin, '/', { kind: 'blob' }))
        .catch((error: unknown) => error);
      expect(fault).toMatchObject({
        code: 'ERR_OCI_BAD_HEADER',
        name: 'ProtocolError',
        message: expect.stringMatching(/^GET http:.* was answered with more than one location$/) as string,
        hint: expect.stringContaining('proxy') as string,
      });
    }
    expect(server.seen).toHaveLength(2);
  });

  it('judges an error by its status, whatever a proxy said twice about it', async () => {
    const server = await startServer((_, response, count) => {
      response.setHeader('Content-Type', ['text/html', 'text/plain']);
      response.writeHead(count === 1 ? 503 : 404).end();
    });
    const client = clientFor(server.origin, { retry: quickRetry });
    expect((await client.requestBytes(get(server.origin, '/'), bound)).status).toBe(404);
  });
});
