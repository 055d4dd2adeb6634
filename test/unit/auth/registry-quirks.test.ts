import { describe, expect, it } from 'vitest';
import type { AuthorizerOptions } from '../../../src/auth/authorizer.js';
import type { Credentials } from '../../../src/auth/credentials.js';
import type { BufferedResponse } from '../../../src/http/types.js';
import { bound, clientFor, get, startServer, type TestServer } from '../http/support.js';
import { authorizerFor } from './support.js';
import { startTokenService } from './token-service.js';

const own = ['repository:team/app:pull'];

async function ask(
  registry: TestServer,
  setup: Partial<AuthorizerOptions> = {},
  scopes: readonly string[] = own,
): Promise<BufferedResponse> {
  const client = clientFor(registry.origin, { authorizer: authorizerFor(registry.origin, setup) });
  return await client.requestBytes(get(registry.origin, '/v2/team/app/x', { scopes }), bound);
}

/** A registry that says what it wants in `challenge` until it gets the token T. */
async function startChallenging(challenge: string | string[]): Promise<TestServer> {
  return await startServer(({ headers }, response) => {
    if (headers.authorization === 'Bearer T') response.end('ok');
    else response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
  });
}

const scopesOf = (server: TestServer): string[][] =>
  server.seen.map(({ path }) => new URL(path, 'http://x').searchParams.getAll('scope'));

describe('a challenge as a registry really writes it', () => {
  it.each<[string, (realm: string) => string | string[], Record<string, string[]>]>([
    ['no service and no scope (Google /v2/)', (realm) => `Bearer realm="${realm}"`, { scope: own }],
    ['a service without quotes (gcr.io)', (realm) => `Bearer realm="${realm}",service=gcr.io`, { service: ['gcr.io'] }],
    [
      'a service with a space, and a scope that is none (olareg)',
      (realm) => `Bearer realm="${realm}",service="olareg registry",scope="registry::pull",error="unauthorized"`,
      { service: ['olareg registry'], scope: own },
    ],
    [
      'a service with colons (Alibaba)',
      (realm) => `Bearer realm="${realm}",service="registry.aliyuncs.com:cn-hangzhou:26842"`,
      { service: ['registry.aliyuncs.com:cn-hangzhou:26842'] },
    ],
    ['an empty scope (OCIR)', (realm) => `Bearer realm="${realm}",service="s",scope=""`, { scope: own }],
    [
      'a scope of its own (ECR Public)',
      (realm) => `Bearer realm="${realm}/",service="s",scope="aws"`,
      { scope: ['aws'] },
    ],
    ['every scope (Gitea)', (realm) => `Bearer realm="${realm}",service="s",scope="*"`, { scope: ['*'] }],
    [
      'two challenges in one line, Basic first (Codeberg)',
      (realm) => `Basic realm="Gitea", Bearer realm="${realm}",service="s"`,
      { service: ['s'], scope: own },
    ],
    ['two lines, one of them bare (old Gitea)', (realm) => ['Basic', `bearer realm=${realm}`], { scope: own }],
    ['a scheme nobody knows before it', (realm) => `Negotiate YWJj==, Bearer realm="${realm}"`, { scope: own }],
    ['a realm with a query of its own', (realm) => `Bearer realm="${realm}?account=a&scope=x"`, { account: ['a'] }],
  ])('with %s leads to a token', async (_, challenge, expected) => {
    const tokens = await startTokenService(() => ({ body: { token: 'T' } }));
    const registry = await startChallenging(challenge(`${tokens.origin}/token`));
    expect((await ask(registry)).status).toBe(200);
    const { searchParams } = new URL(tokens.seen[0]?.path ?? '', 'http://x');
    for (const [name, values] of Object.entries(expected)) {
      expect(searchParams.getAll(name).filter((value) => value !== 'x')).toEqual(values);
    }
  });

  it.each([
    ['no realm', 'Bearer service="s"'],
    ['nothing', ''],
    ['noise', '=,;"'],
    ['schemes nobody can meet', 'Negotiate, NTLM'],
  ])('with %s leads to the 401 it came with, and to no second request', async (_, challenge) => {
    const registry = await startChallenging(challenge);
    expect((await ask(registry, { credentials: () => ({ username: 'u', password: 'p' }) })).status).toBe(401);
    expect(registry.seen).toHaveLength(1);
  });

  it.each(['/token', 'token', 'zot', '//'])('with the relative realm %j is refused', async (realm) => {
    const registry = await startChallenging(`Bearer realm="${realm}"`);
    await expect(ask(registry)).rejects.toMatchObject({ code: 'ERR_OCI_REALM_REFUSED' });
    expect(registry.seen).toHaveLength(1);
  });

  it('on an answer that is fine is passed over (Quay, zot)', async () => {
    const tokens = await startTokenService(() => ({ body: { token: 'T' } }));
    const registry = await startServer((_, response) =>
      response.writeHead(200, { 'WWW-Authenticate': `Bearer realm="${tokens.origin}"` }).end('true'),
    );
    const asked: string[] = [];
    const credentials = (host: string): undefined => void asked.push(host);
    expect((await ask(registry, { credentials })).status).toBe(200);
    expect([registry.seen.length, tokens.seen.length, asked]).toEqual([1, 0, []]);
  });
});

describe('scopes', () => {
  it('of a mount are asked for in one token, each as a parameter of its own', async () => {
    const tokens = await startTokenService(() => ({ body: { token: 'T' } }));
    const both = 'repository:b:pull,push repository:a:pull';
    const registry = await startChallenging(`Bearer realm="${tokens.origin}",scope="${both}"`);
    await ask(registry, {}, ['repository:b:pull,push', 'repository:a:pull']);
    expect(scopesOf(tokens)).toEqual([['repository:a:pull', 'repository:b:pull,push']]);
  });

  it('that are never enough cost two tokens and no more', async () => {
    const tokens = await startTokenService((_, count) => ({ body: { token: `T${count}` } }));
    const registry = await startServer((_, response) => {
      const challenge = `Bearer realm="${tokens.origin}",error="insufficient_scope",scope="repository:team/app:push"`;
      response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
    });
    expect((await ask(registry)).status).toBe(401);
    expect([registry.seen.length, tokens.seen.length]).toEqual([3, 2]);
  });
});

describe('credentials', () => {
  it.each<[string, Credentials, string]>([
    ['colons', { username: 'u', password: ':a:b:' }, 'u::a:b:'],
    ['UTF-8', { username: 'jürgen', password: 'pä€s🔑' }, 'jürgen:pä€s🔑'],
    [
      'line breaks (a key file of Google)',
      { username: '_json_key', password: '{\n"a":"b"\r\n}' },
      '_json_key:{\n"a":"b"\r\n}',
    ],
    ['nothing in them', { username: '', password: '' }, ':'],
    ['a very long password', { username: 'u', password: 'x'.repeat(6_000) }, `u:${'x'.repeat(6_000)}`],
  ])('with %s arrive as they are', async (_, known, expected) => {
    const registry = await startServer(({ headers }, response) => {
      if (headers.authorization === undefined) response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
      else response.end(headers.authorization);
    });
    const { status, bytes } = await ask(registry, { credentials: () => known });
    expect(status).toBe(200);
    expect(Buffer.from(bytes.toString().replace('Basic ', ''), 'base64').toString()).toBe(expected);
  });

  it.each([
    ['a line break', 'secret\r\nX-Evil: 1'],
    ['a line break at its end, as files have it', 'secret\n'],
    ['nothing in it', ''],
    ['a letter no header can carry', 'secret-ü€'],
  ])('with a token with %s are refused before anything is sent, and not shown', async (_, token) => {
    const registry = await startChallenging('Bearer realm="http://127.0.0.1:1/"');
    const error: unknown = await ask(registry, { credentials: () => ({ token }) }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_OCI_CREDENTIALS', hint: expect.any(String) as string });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('secret');
    expect(registry.seen).toHaveLength(1);
  });

  it('that a token service refuses are not tried a second time, in any other form', async () => {
    const tokens = await startTokenService(() => ({ status: 401, body: '' }));
    const registry = await startChallenging(`Bearer realm="${tokens.origin}"`);
    const login = ask(registry, { credentials: () => ({ username: 'u', password: 'wrong' }) });
    await expect(login).rejects.toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
    expect(tokens.seen.map(({ method }) => method)).toEqual(['GET']);
  });

  it('that are stale end the call, and the hint says that a public image needs none (GHCR)', async () => {
    const body = { errors: [{ code: 'DENIED', message: 'denied' }] };
    const tokens = await startTokenService(() => ({ status: 403, body }));
    const registry = await startChallenging(`Bearer realm="${tokens.origin}"`);
    const credentials = (): Credentials => ({ username: 'u', password: 'stale' });
    await expect(ask(registry, { credentials, host: 'ghcr.example' })).rejects.toMatchObject({
      code: 'ERR_OCI_DENIED',
      hint: expect.stringMatching(/docker login ghcr\.example.*docker logout ghcr\.example.*public/) as string,
    });
    expect(tokens.seen.map(({ headers }) => headers.authorization)).toEqual([expect.stringMatching(/^Basic /)]);
  });

  it('of ACR, an identity token under a user of zeros, are exchanged', async () => {
    const tokens = await startTokenService(() => ({ body: { access_token: 'T' } }));
    const registry = await startChallenging(`Bearer realm="${tokens.origin}/oauth2/token",service="r.azurecr.io"`);
    expect((await ask(registry, { credentials: () => ({ identityToken: 'refresh' }) })).status).toBe(200);
    expect(Object.fromEntries(new URLSearchParams(tokens.seen[0]?.body))).toMatchObject({
      grant_type: 'refresh_token',
      service: 'r.azurecr.io',
      refresh_token: 'refresh',
    });
  });

  it('of ACR, a token as password of a user of zeros, go by Basic', async () => {
    const tokens = await startTokenService(() => ({ body: { access_token: 'T' } }));
    const registry = await startChallenging(`Bearer realm="${tokens.origin}/oauth2/token"`);
    const username = '00000000-0000-0000-0000-000000000000';
    expect((await ask(registry, { credentials: () => ({ username, password: 'refresh' }) })).status).toBe(200);
    const authorization = `Basic ${Buffer.from(`${username}:refresh`).toString('base64')}`;
    expect(tokens.seen[0]).toMatchObject({ method: 'GET', headers: { authorization } });
  });
});
