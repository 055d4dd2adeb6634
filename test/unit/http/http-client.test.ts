import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { bound, clientFor, get, startServer } from './support.js';

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
    expect(await text(answer.body)).toHaveLength(300_000);
  });

  it('sends configured headers, and those of the request above them', async () => {
    const server = await startServer((_, response) => response.end());
    const client = clientFor(server.origin, { headers: { 'X-Api-Key': 'k', Accept: 'a/b' } });
    await client.requestBytes(get(server.origin, '/', { headers: { accept: 'c/d' } }), bound);
    expect(server.seen[0]?.headers).toMatchObject({ 'x-api-key': 'k', accept: 'c/d', 'accept-encoding': 'identity' });
  });
});
