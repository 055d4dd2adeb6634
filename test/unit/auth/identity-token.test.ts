import { describe, expect, it } from 'vitest';
import type { HttpClient } from '../../../src/http/types.js';
import { bound, clientFor, get, type SeenRequest } from '../http/support.js';
import { authorizerFor } from './support.js';
import { startBearerRegistry, startTokenService, type TokenReply } from './token-service.js';

const identity = { credentials: () => ({ identityToken: 'refresh-1' }) };
const refreshOf = ({ body }: SeenRequest): string | null => new URLSearchParams(body).get('refresh_token');

async function clientVia(realm: string, setup = {}): Promise<HttpClient> {
  const registry = await startBearerRegistry({ realm: () => realm, accepts: () => true });
  return clientFor(registry.origin, { authorizer: authorizerFor(registry.origin, { ...identity, ...setup }) });
}

async function ask(client: HttpClient, repository = 'a'): Promise<number> {
  const scopes = [`repository:${repository}:pull`];
  return (await client.requestBytes(get(client.origin, '/v2/', { scopes }), bound)).status;
}

describe('an identity token', () => {
  it('that is replaced with each use is never used twice, however many repositories ask at once', async () => {
    let current = 1;
    const tokens = await startTokenService((request) => {
      if (refreshOf(request) !== `refresh-${current}`) return { status: 400, body: { error: 'invalid_grant' } };
      current++;
      return { body: { access_token: 'T', refresh_token: `refresh-${current}` } };
    });
    const client = await clientVia(tokens.origin);
    const names = Array.from({ length: 8 }, (_, index) => `r${index}`);
    expect(await Promise.all(names.map(async (name) => await ask(client, name)))).toEqual(names.map(() => 200));
    expect(tokens.seen.map(({ method }) => method)).toEqual(names.map(() => 'POST'));
  });

  it('that has been replaced is still known after a fault on the way', async () => {
    const replies = [
      { body: { access_token: 'T', refresh_token: 'refresh-2' } },
      { status: 503, body: '' },
      { body: { access_token: 'T' } },
    ];
    const tokens = await startTokenService((_, count) => replies[count - 1] ?? { status: 500, body: '' });
    const client = await clientVia(tokens.origin);
    await ask(client, 'a');
    await expect(ask(client, 'b')).rejects.toMatchObject({ status: 503 });
    await ask(client, 'c');
    expect(tokens.seen.map(refreshOf)).toEqual(['refresh-1', 'refresh-2', 'refresh-2']);
  });

  it('that the provider has replaced is used instead of what the service gave for the old one', async () => {
    let given = 'refresh-1';
    const tokens = await startTokenService(() => ({ body: { access_token: 'T', refresh_token: 'from-service' } }));
    const client = await clientVia(tokens.origin, { credentials: () => ({ identityToken: given }) });
    await ask(client, 'a');
    given = 'refresh-9';
    await ask(client, 'b');
    expect(tokens.seen.map(refreshOf)).toEqual(['refresh-1', 'refresh-9']);
  });

  it.each([404, 405])(
    'that is refused is refused for the reason the POST gave, where GET is answered %i',
    async (status) => {
      const body = { error: 'invalid_grant', error_description: 'the refresh token has expired' };
      const reply = ({ method }: SeenRequest): TokenReply =>
        method === 'POST' ? { status: 400, body } : { status, body: '' };
      const client = await clientVia((await startTokenService(reply)).origin);
      await expect(ask(client)).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining('INVALID_GRANT the refresh token has expired') as string,
      });
    },
  );

  it('is waited for no longer than its caller wants to', async () => {
    const held: (() => void)[] = [];
    const tokens = await startTokenService(() => ({ body: { access_token: 'T' } }));
    const [listener] = tokens.server.listeners('request') as ((...parameters: unknown[]) => void)[];
    tokens.server.removeAllListeners('request').on('request', (...parameters) => {
      held.push(() => listener?.(...parameters));
    });
    const client = await clientVia(tokens.origin);
    const first = ask(client, 'a');
    const giveUp = new AbortController();
    const scopes = ['repository:b:pull'];
    const second = client.requestBytes(get(client.origin, '/v2/', { scopes, signal: giveUp.signal }), bound);
    const reason = new Error('enough');
    await expect.poll(() => held.length).toBe(1);
    giveUp.abort(reason);
    await expect(second).rejects.toBe(reason);
    held[0]?.();
    expect(await first).toBe(200);
    expect(tokens.seen).toHaveLength(1);
  });
});
