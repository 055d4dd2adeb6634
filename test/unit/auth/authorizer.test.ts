import { describe, expect, it } from 'vitest';
import { bound, clientFor, get, startServer } from '../http/support.js';
import { authorizerFor } from './support.js';

const scopes = ['repository:team/app:pull'];

describe('an authorizer', () => {
  it('answers a Bearer challenge with a token, and later requests carry it at once', async () => {
    const server = await startServer((request, response) => {
      if (request.path.startsWith('/token')) {
        response.end(JSON.stringify({ token: 'T1', expires_in: 300 }));
      } else if (request.headers.authorization === 'Bearer T1') {
        response.end('ok');
      } else {
        const challenge = `Bearer realm="${server.origin}/token",service="a service",scope="repository:team/app:pull"`;
        response.writeHead(401, { 'WWW-Authenticate': challenge }).end('no');
      }
    });
    const authorizer = authorizerFor(server.origin, { credentials: () => ({ username: 'u', password: 'p:w' }) });
    const client = clientFor(server.origin, { authorizer });
    for (const path of ['/v2/a', '/v2/b']) {
      const answer = await client.requestBytes(get(server.origin, path, { scopes }), bound);
      expect(answer.bytes.toString()).toBe('ok');
    }
    expect(server.seen.map(({ path }) => path)).toEqual([
      '/v2/a',
      '/token?service=a+service&scope=repository%3Ateam%2Fapp%3Apull',
      '/v2/a',
      '/v2/b',
    ]);
    expect(server.seen[1]?.headers.authorization).toBe(`Basic ${Buffer.from('u:p:w').toString('base64')}`);
  });
});
