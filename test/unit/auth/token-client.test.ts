import { describe, expect, it } from 'vitest';
import type { AuthorizerOptions } from '../../../src/auth/authorizer.js';
import { parseTokenAnswer } from '../../../src/auth/token-answer.js';
import { defaultLimits } from '../../../src/content/limits.js';
import { defaultTimeouts } from '../../../src/http/timeouts.js';
import { bound, clientFor, get, quickRetry, startServer, type TestServer } from '../http/support.js';
import { authorizerFor } from './support.js';
import { startBearerRegistry, startTokenService } from './token-service.js';

const login = { credentials: () => ({ username: 'u', password: 'p' }) };
const identity = { credentials: () => ({ identityToken: 'refresh-1' }) };

/** Asks a registry whose realm is given, with everything else as it should be. */
async function askVia(realm: string, setup: Partial<AuthorizerOptions> = {}, headers = {}): Promise<number> {
  const registry = await startBearerRegistry({ realm: () => realm, accepts: (token) => token === 'T' });
  const authorizer = authorizerFor(registry.origin, setup);
  const client = clientFor(registry.origin, { authorizer, headers });
  const scopes = ['repository:team/app:pull'];
  return (await client.requestBytes(get(registry.origin, '/v2/', { scopes }), bound)).status;
}

describe('a token service', () => {
  it('sees the credential and nothing else the registry is configured with', async () => {
    const service = await startTokenService(() => ({ body: { token: 'T' } }));
    await askVia(service.origin, login, { 'X-Api-Key': 'secret' });
    expect(Object.keys(service.seen[0]?.headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'authorization',
      'connection',
      'host',
      'user-agent',
    ]);
  });

  it('that refuses the credential ends the call with its own words', async () => {
    const body = { errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }] };
    const service = await startTokenService(() => ({ status: 401, body }));
    await expect(askVia(service.origin, login)).rejects.toMatchObject({
      code: 'ERR_OCI_UNAUTHORIZED',
      message: expect.stringMatching(/^get a token for .* 401 UNAUTHORIZED incorrect username or password$/) as string,
      url: expect.stringContaining('service=r&scope=repository') as string,
    });
  });

  it.each([
    [403, 'ERR_OCI_DENIED'],
    [404, 'ERR_OCI_REGISTRY_STATUS'],
    [500, 'ERR_OCI_REGISTRY_STATUS'],
  ])('that answers %i gives %s', async (status, code) => {
    const service = await startTokenService(() => ({ status, body: '<html>' }));
    await expect(askVia(service.origin)).rejects.toMatchObject({ code, status });
  });

  it('that is busy is asked again', async () => {
    const service = await startTokenService((_, count) => ({ status: count < 3 ? 429 : 200, body: { token: 'T' } }));
    expect(await askVia(service.origin, { retry: quickRetry })).toBe(200);
  });

  it('that says nothing ends the call within timeouts.requestMs', async () => {
    const service = await startServer(() => undefined);
    const timeouts = { ...defaultTimeouts, requestMs: 100 };
    await expect(askVia(service.origin, { timeouts })).rejects.toMatchObject({ code: 'ERR_OCI_TIMEOUT' });
  });

  it('that says too much ends the call', async () => {
    const service = await startTokenService(() => ({ body: { token: 'T', padding: 'x'.repeat(5_000) } }));
    const limits = { ...defaultLimits, maxTokenBytes: 1_000 };
    await expect(askVia(service.origin, { limits })).rejects.toMatchObject({
      limitName: 'maxTokenBytes',
      limit: 1_000,
    });
  });

  it.each([
    ['HTML', '<html>', 'ERR_OCI_BAD_JSON'],
    ['two values', '{"token":"T"} {}', 'ERR_OCI_BAD_JSON'],
    ['the same key twice', '{"token":"T","token":"U"}', 'ERR_OCI_BAD_JSON'],
    ['no token', '{}', 'ERR_OCI_BAD_SCHEMA'],
    ['empty tokens', '{"token":"","access_token":""}', 'ERR_OCI_BAD_SCHEMA'],
    ['a token that is no text', '{"token":5}', 'ERR_OCI_BAD_SCHEMA'],
    ['a token with a line break', '{"token":"secret\\r\\nX: y"}', 'ERR_OCI_BAD_SCHEMA'],
    ['a list', '[]', 'ERR_OCI_BAD_SCHEMA'],
    ['null', 'null', 'ERR_OCI_BAD_SCHEMA'],
  ])('that answers with %s ends the call', async (_, body, code) => {
    const service = await startTokenService(() => ({ body }));
    const fault: unknown = await askVia(service.origin).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code, name: 'ProtocolError', hint: expect.any(String) as string });
    expect(JSON.stringify(fault)).not.toContain('secret');
  });
});

describe('an identity token', () => {
  const form = (body: string | undefined): Record<string, string> => Object.fromEntries(new URLSearchParams(body));

  it('is exchanged by OAuth2', async () => {
    const service = await startTokenService(() => ({ body: { access_token: 'T' } }));
    expect(await askVia(service.origin, identity)).toBe(200);
    expect(service.seen[0]).toMatchObject({ method: 'POST' });
    expect(service.seen[0]?.headers).not.toHaveProperty('authorization');
    expect(form(service.seen[0]?.body)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-1',
      client_id: 'oci-referrers',
      service: 'r',
      scope: 'repository:team/app:pull',
    });
  });

  it.each([400, 401, 403, 404, 405])('is sent with GET where the service answers %i to that', async (status) => {
    const service = await startTokenService(({ method }) =>
      method === 'POST' ? { status, body: '' } : { body: { token: 'T' } },
    );
    expect(await askVia(service.origin, identity)).toBe(200);
    const authorization = `Basic ${Buffer.from('<token>:refresh-1').toString('base64')}`;
    expect(service.seen[1]).toMatchObject({ method: 'GET', headers: { authorization } });
  });

  it('may be the password of the user <token>', async () => {
    const service = await startTokenService(() => ({ body: { token: 'T' } }));
    await askVia(service.origin, { credentials: () => ({ username: '<token>', password: 'refresh-1' }) });
    expect(form(service.seen[0]?.body)).toMatchObject({ refresh_token: 'refresh-1' });
  });

  it('is replaced by the one that comes with the token', async () => {
    const service = await startTokenService((_, count) => ({
      body: { access_token: 'T', refresh_token: `refresh-${count + 1}` },
    }));
    const registry = await startBearerRegistry({ realm: () => service.origin, accepts: () => true });
    const client = clientFor(registry.origin, { authorizer: authorizerFor(registry.origin, identity) });
    for (const name of ['a', 'b', 'c']) {
      const scopes = [`repository:${name}:pull`];
      await client.requestBytes(get(registry.origin, '/v2/', { scopes }), bound);
    }
    expect(service.seen.map(({ body }) => form(body)['refresh_token'])).toEqual([
      'refresh-1',
      'refresh-2',
      'refresh-3',
    ]);
  });
});

describe('a token service that redirects', () => {
  const redirect = async (to: () => string, status = 307): Promise<TestServer> =>
    await startServer(({ path }, response) => {
      if (path.startsWith('/end')) response.end('{"token":"T"}');
      else response.writeHead(status, { Location: to() }).end();
    });

  it('on its own origin keeps the credential', async () => {
    const service = await redirect(() => '/end');
    expect(await askVia(service.origin, login)).toBe(200);
    expect(service.seen[1]?.headers.authorization).toMatch(/^Basic /);
  });

  it('to another origin never gets the credential there', async () => {
    const other = await redirect(() => '');
    for (const setup of [login, identity]) {
      const service = await redirect(() => `${other.origin}/end`);
      await expect(askVia(service.origin, setup)).rejects.toMatchObject({ code: 'ERR_OCI_REALM_REFUSED' });
    }
    expect(other.seen).toHaveLength(0);
  });

  it('to another origin is followed where there is no credential', async () => {
    const other = await redirect(() => '');
    const service = await redirect(() => `${other.origin}/end`);
    expect(await askVia(service.origin)).toBe(200);
  });

  it.each([
    ['to a realm that is not allowed', 'http://169.254.169.254/'],
    ['to a URL with a scheme of its own', 'file:///etc/passwd'],
    ['to itself', '/'],
  ])('%s is refused', async (_, to) => {
    const service = await redirect(() => to);
    await expect(askVia(`${service.origin}/`)).rejects.toMatchObject({
      code: expect.stringMatching(/REFUSED/) as string,
    });
  });

  it('out of the hosts that are allowed is refused', async () => {
    const other = await redirect(() => '');
    const service = await redirect(() => `${other.origin}/end`);
    await expect(askVia(service.origin, { tokenRealms: [service.host] })).rejects.toMatchObject({
      code: 'ERR_OCI_REALM_REFUSED',
      message: expect.stringContaining('tokenRealms') as string,
    });
    expect(other.seen).toHaveLength(0);
  });
});

describe('a realm that is refused', () => {
  it('is not asked, and neither is the credential provider', async () => {
    let asked = false;
    const credentials = (): undefined => {
      asked = true;
    };
    await expect(askVia('http://169.254.169.254/token', { credentials })).rejects.toMatchObject({
      code: 'ERR_OCI_REALM_REFUSED',
      hint: expect.stringContaining('credentials were not sent') as string,
    });
    expect(asked).toBe(false);
  });
});

describe('the lifetime of a token', () => {
  const lifetime = (expires_in: unknown): number =>
    parseTokenAnswer(Buffer.from(JSON.stringify({ token: 'T', expires_in })), 0, 'x').expiresAtMs;

  it.each([
    ['absent', undefined, 50_000],
    ['0', 0, 50_000],
    ['negative', -5, 50_000],
    ['no number', 'soon', 50_000],
    ['null', null, 50_000],
    ['300', 300, 290_000],
    ['a text', '300', 290_000],
    ['short', 8, 6_000],
    ['huge', 1e15, 86_390_000],
  ])('that is %s is understood', (_, value, expected) => {
    expect(lifetime(value)).toBe(expected);
  });
});
