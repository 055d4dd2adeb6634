import { describe, expect, it } from 'vitest';
import type { Authorizer } from '../../../src/http/types.js';
import { bound, clientFor, get, startServer, type TestServer } from './support.js';

const authorizer: Authorizer = {
  authorize: async () => await Promise.resolve('Bearer secret'),
  challenged: async () => await Promise.resolve(true),
};
const secrets = { authorizer, headers: { 'X-Api-Key': 'key' } };
const accept = { accept: 'a/b', range: 'bytes=0-9', 'x-request': '1' };

/** Redirects every path in `map`, and answers `end` otherwise. */
async function redirector(map: () => Record<string, string | undefined>, status = 302): Promise<TestServer> {
  return await startServer((request, response) => {
    const location = map()[request.path];
    if (location === undefined) response.end('end');
    else response.writeHead(status, { Location: location }).end('moved');
  });
}

describe('a redirect', () => {
  it('on the same origin keeps credentials and configured headers', async () => {
    const a = await redirector(() => ({ '/1': '/2', '/2': '3' }));
    const answer = await clientFor(a.origin, secrets).requestBytes(get(a.origin, '/1', { headers: accept }), bound);
    expect(answer).toMatchObject({ status: 200, leftOrigin: false, url: new URL('/3', a.origin) });
    for (const seen of a.seen) {
      expect(seen.headers).toMatchObject({ authorization: 'Bearer secret', 'x-api-key': 'key', 'x-request': '1' });
    }
    expect(a.seen).toHaveLength(3);
  });

  it('to another port of the same host takes nothing secret along', async () => {
    const b = await redirector(() => ({}));
    const a = await redirector(() => ({ '/1': `${b.origin}/x?sig=1` }));
    const answer = await clientFor(a.origin, secrets).requestBytes(get(a.origin, '/1', { headers: accept }), bound);
    expect(answer).toMatchObject({ leftOrigin: true, url: new URL('/x?sig=1', b.origin) });
    const { headers } = b.seen[0] ?? { headers: {} };
    expect(headers).toMatchObject({ accept: 'a/b', range: 'bytes=0-9', 'accept-encoding': 'identity' });
    expect(Object.keys(headers).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'range',
      'user-agent',
    ]);
  });

  it('back to the origin after leaving does not bring the credentials back', async () => {
    const b: TestServer = await redirector(() => ({ '/x': `${a.origin}/home` }));
    const a: TestServer = await redirector(() => ({ '/1': `${b.origin}/x` }));
    const answer = await clientFor(a.origin, secrets).requestBytes(get(a.origin, '/1'), bound);
    expect(answer).toMatchObject({ leftOrigin: true, status: 200 });
    expect(a.seen[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'x-api-key': 'key' });
    expect(a.seen[1]?.path).toBe('/home');
    expect(a.seen[1]?.headers).not.toHaveProperty('authorization');
    expect(a.seen[1]?.headers).not.toHaveProperty('x-api-key');
  });

  it('whose target asks for credentials does not reach the authorizer', async () => {
    const b = await startServer((_, response) =>
      response.writeHead(401, { 'WWW-Authenticate': 'Bearer realm="https://evil.example/token"' }).end(),
    );
    const a = await redirector(() => ({ '/1': `${b.origin}/x` }));
    const answer = await clientFor(a.origin, secrets).requestBytes(get(a.origin, '/1'), bound);
    expect(answer).toMatchObject({ status: 401, leftOrigin: true });
    expect(b.seen).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308])('with status %i is followed for GET', async (status) => {
    const a = await redirector(() => ({ '/1': '/2' }), status);
    expect((await clientFor(a.origin).requestBytes(get(a.origin, '/1'), bound)).bytes.toString()).toBe('end');
  });

  it('in a circle is an error', async () => {
    const a = await redirector(() => ({ '/1': '/2', '/2': '/1' }));
    await expect(clientFor(a.origin).requestBytes(get(a.origin, '/1'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_REDIRECT_REFUSED',
      message: expect.stringContaining('circle') as string,
    });
    expect(a.seen).toHaveLength(2);
  });

  it('after too many others is an error', async () => {
    const a = await startServer((request, response) => response.writeHead(302, { Location: `${request.path}x` }).end());
    const client = clientFor(a.origin, { limits: { maxRedirects: 3 } });
    await expect(client.requestBytes(get(a.origin, '/'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_LIMIT_EXCEEDED',
      limitName: 'maxRedirects',
    });
    expect(a.seen).toHaveLength(4);
  });

  it.each([
    ['no Location', undefined],
    ['a Location that is no URL', 'http://['],
  ])('with %s is an error', async (_, location) => {
    const a = await startServer((_request, response) =>
      response.writeHead(302, location === undefined ? {} : { Location: location }).end(),
    );
    await expect(clientFor(a.origin).requestBytes(get(a.origin, '/'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_BAD_HEADER',
    });
  });

  it.each(['ftp://example.com/', 'file:///etc/passwd', 'http://169.254.169.254/latest', 'http://[fe80::1]/'])(
    'to %s is refused',
    async (location) => {
      const a = await redirector(() => ({ '/1': location }));
      await expect(clientFor(a.origin).requestBytes(get(a.origin, '/1'), bound)).rejects.toMatchObject({
        code: 'ERR_OCI_REDIRECT_REFUSED',
        hint: expect.any(String) as string,
      });
    },
  );

  it('that carries a user name and password loses them', async () => {
    const a = await redirector(() => ({ '/1': `http://user:pass@${a.host}/2` }));
    const answer = await clientFor(a.origin).requestBytes(get(a.origin, '/1'), bound);
    expect(answer.url.href).toBe(`${a.origin}/2`);
    expect(a.seen[1]?.headers).not.toHaveProperty('authorization');
  });

  it('of an upload is followed on the same origin with 307, and the body is sent again', async () => {
    const a = await redirector(() => ({ '/1': '/2' }), 307);
    await clientFor(a.origin).requestBytes(get(a.origin, '/1', { method: 'PUT', body: Buffer.from('data') }), bound);
    expect(a.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['PUT', '/1', 'data'],
      ['PUT', '/2', 'data'],
    ]);
  });

  it('of an upload is refused when it would turn it into a GET, or leaves the origin', async () => {
    const b = await redirector(() => ({}));
    const a = await redirector(() => ({ '/1': '/2' }), 303);
    const c = await redirector(() => ({ '/1': `${b.origin}/` }), 307);
    for (const { origin } of [a, c]) {
      await expect(
        clientFor(origin).requestBytes(get(origin, '/1', { method: 'POST', body: Buffer.from('data') }), bound),
      ).rejects.toMatchObject({ code: 'ERR_OCI_REDIRECT_REFUSED' });
    }
    expect(b.seen).toHaveLength(0);
  });

  it('does not take a small pool down: the body it leaves behind frees its connection', async () => {
    const a = await redirector(() => ({ '/1': '/2' }));
    const client = clientFor(a.origin, { limits: { maxConnectionsPerHost: 1 } });
    for (let round = 0; round < 3; round++) {
      expect((await client.requestBytes(get(a.origin, '/1'), bound)).status).toBe(200);
    }
  });
});

describe('a request to a URL on another origin', () => {
  it('is sent without anything that belongs to the origin', async () => {
    const a = await redirector(() => ({}));
    const b = await redirector(() => ({}));
    const body = Buffer.from('data');
    const upload = get(b.origin, '/up', { method: 'PUT', body, headers: { 'content-type': 'a/b', 'x-request': '1' } });
    const answer = await clientFor(a.origin, secrets).requestBytes(upload, bound);
    expect(answer.leftOrigin).toBe(true);
    expect(b.seen[0]).toMatchObject({ body: 'data', headers: { 'content-type': 'a/b' } });
    for (const name of ['authorization', 'x-api-key', 'x-request']) expect(b.seen[0]?.headers).not.toHaveProperty(name);
  });
});
