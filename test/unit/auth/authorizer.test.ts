import { describe, expect, it } from 'vitest';
import type { AuthorizerOptions } from '../../../src/auth/authorizer.js';
import type { BufferedResponse, HttpClient, RegistryRequest } from '../../../src/http/types.js';
import { bound, clientFor, get, startServer, type TestServer } from '../http/support.js';
import { authorizerFor } from './support.js';
import { startBearerRegistry, startTokenService } from './token-service.js';

const login = { credentials: () => ({ username: 'u', password: 'p:w' }) };
const basic = `Basic ${Buffer.from('u:p:w').toString('base64')}`;
const own = ['repository:team/app:pull'];

function clientOf(server: TestServer, setup: Partial<AuthorizerOptions> = {}): HttpClient {
  return clientFor(server.origin, { authorizer: authorizerFor(server.origin, setup) });
}

async function ask(client: HttpClient, extra: Partial<RegistryRequest> = {}): Promise<BufferedResponse> {
  return await client.requestBytes(get(client.origin, '/v2/team/app/x', { scopes: own, ...extra }), bound);
}

const query = (path: string | undefined): URLSearchParams => new URL(path ?? '', 'http://x').searchParams;

describe('a registry that asks for tokens', () => {
  it('gets one after its first challenge, and at once from then on', async () => {
    const tokens = await startTokenService(() => ({ body: { token: 'T1', expires_in: 300 } }));
    const server = await startBearerRegistry({
      realm: () => `${tokens.origin}/t?k=v`,
      accepts: (token) => token === 'T1',
    });
    const client = clientOf(server, login);
    for (let round = 0; round < 3; round++) expect((await ask(client)).status).toBe(200);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer T1',
      'Bearer T1',
      'Bearer T1',
    ]);
    expect(tokens.seen).toHaveLength(1);
    expect(tokens.seen[0]).toMatchObject({ method: 'GET', headers: { authorization: basic } });
    expect([...query(tokens.seen[0]?.path)]).toEqual([
      ['k', 'v'],
      ['service', 'r'],
      ['scope', 'repository:team/app:pull'],
    ]);
  });

  it('is asked without credentials where there are none', async () => {
    const tokens = await startTokenService(() => ({ body: { access_token: 'T', token: '' } }));
    const server = await startBearerRegistry({ realm: () => tokens.origin, accepts: () => true });
    for (const credentials of [() => undefined, () => ({ anonymous: true as const })]) {
      expect((await ask(clientOf(server, { credentials }))).status).toBe(200);
    }
    for (const seen of tokens.seen) expect(seen.headers).not.toHaveProperty('authorization');
  });

  it('is given a token for each repository', async () => {
    const tokens = await startTokenService(({ path }) => ({
      body: { token: query(path).get('scope')?.split(':')[1] },
    }));
    const server = await startBearerRegistry({ realm: () => tokens.origin, accepts: () => true });
    const client = clientOf(server);
    await ask(client);
    await ask(client, { scopes: ['repository:other:pull'] });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer team/app',
      'Bearer other',
    ]);
  });

  it('and names a placeholder is asked for what the request needs', async () => {
    const tokens = await startTokenService(() => ({ body: { token: 'T' } }));
    const parameters = 'scope="repository:user/image:pull"';
    const server = await startBearerRegistry({ realm: () => tokens.origin, accepts: () => true, parameters });
    await ask(clientOf(server));
    expect(query(tokens.seen[0]?.path).getAll('scope')).toEqual(own);
    expect(query(tokens.seen[0]?.path).has('service')).toBe(false);
  });

  it('gets a new token when the old one has expired', async () => {
    const tokens = await startTokenService((_, count) => ({ body: { token: `T${count}`, expires_in: 0.02 } }));
    const server = await startBearerRegistry({ realm: () => tokens.origin, accepts: () => true });
    const client = clientOf(server);
    await ask(client);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await ask(client);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer T1', 'Bearer T2']);
  });

  it('and takes a token no longer gets a new one once', async () => {
    let current = 1;
    const tokens = await startTokenService(() => ({ body: { token: `T${current}` } }));
    const server = await startBearerRegistry({
      realm: () => tokens.origin,
      accepts: (token) => token === `T${current}`,
    });
    const client = clientOf(server);
    await ask(client);
    current = 2;
    expect((await ask(client)).status).toBe(200);
    expect(tokens.seen).toHaveLength(2);
  });

  it('and refuses every token is left alone after two (olareg answers 401 for forbidden)', async () => {
    const tokens = await startTokenService((_, count) => ({ body: { token: `T${count}` } }));
    const server = await startBearerRegistry({ realm: () => tokens.origin, accepts: () => false });
    const answer = await ask(clientOf(server, login));
    expect(answer.status).toBe(401);
    expect(answer.bytes.toString()).toBe('who?');
    expect(server.seen).toHaveLength(3);
    expect(tokens.seen).toHaveLength(2);
  });

  it.each([
    ['no challenge (Google)', {}],
    ['an empty challenge', { 'WWW-Authenticate': '' }],
    ['a Basic challenge (Harbor)', { 'WWW-Authenticate': 'Basic realm="harbor"' }],
  ])('and answers an old token with %s gets a new one', async (_, headers: Record<string, string>) => {
    let current = 1;
    const tokens = await startTokenService(() => ({ body: { token: `T${current}` } }));
    const server = await startServer(({ headers: sent }, response) => {
      if (sent.authorization === `Bearer T${current}`) response.end('ok');
      else if (sent.authorization !== undefined) response.writeHead(401, headers).end();
      else response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${tokens.origin}"` }).end();
    });
    const client = clientOf(server, login);
    await ask(client);
    current = 2;
    expect((await ask(client)).status).toBe(200);
  });

  it('and asks for more than the token allows gets one that does', async () => {
    const tokens = await startTokenService(({ path }) => ({ body: { token: query(path).getAll('scope').join('+') } }));
    const server = await startServer(({ headers }, response) => {
      if (headers.authorization?.endsWith('delete,pull,push') === true) response.end('ok');
      else {
        const error = 'error="insufficient_scope",scope="repository:team/app:pull,push"';
        response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${tokens.origin}",${error}` }).end();
      }
    });
    const client = clientOf(server);
    expect((await ask(client, { scopes: ['repository:team/app:delete'] })).status).toBe(200);
  });

  it('is sent the token the caller gave, and nothing is fetched', async () => {
    const server = await startBearerRegistry({
      realm: () => 'http://127.0.0.1:1/',
      accepts: (token) => token === 'mine',
    });
    const right = clientOf(server, { credentials: () => ({ token: 'mine' }) });
    const wrong = clientOf(server, { credentials: () => ({ token: 'other' }) });
    expect((await ask(right)).status).toBe(200);
    expect((await ask(wrong)).status).toBe(401);
    expect(server.seen).toHaveLength(4);
  });

  it('in a second place is asked there', async () => {
    const [first, second] = [
      await startTokenService(() => ({ body: { token: '1' } })),
      await startTokenService(() => ({ body: { token: '2' } })),
    ];
    const server = await startServer(({ path, headers }, response) => {
      const [realm, token] = path.startsWith('/a') ? [first.origin, '1'] : [second.origin, '2'];
      if (headers.authorization === `Bearer ${token}`) response.end();
      else response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${realm}"` }).end();
    });
    const client = clientOf(server);
    for (const path of ['/a', '/b', '/a']) {
      expect((await client.requestBytes(get(server.origin, path, { scopes: own }), bound)).status).toBe(200);
    }
  });
});

describe('a registry that asks for user and password', () => {
  const startBasic = async (accepted: () => string): Promise<TestServer> =>
    await startServer(({ headers }, response) => {
      if (headers.authorization === accepted()) response.end('ok');
      else response.writeHead(401, { 'WWW-Authenticate': 'basic realm=zot' }).end('who?');
    });

  it('gets them after its first challenge, and at once from then on', async () => {
    const server = await startBasic(() => basic);
    const client = clientOf(server, login);
    for (let round = 0; round < 2; round++) expect((await ask(client)).status).toBe(200);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, basic, basic]);
  });

  it('and does not take them is not asked again', async () => {
    const server = await startBasic(() => 'Basic other');
    expect((await ask(clientOf(server, login))).status).toBe(401);
    expect(server.seen).toHaveLength(2);
  });

  it('gets the new ones when they have changed', async () => {
    let password = 'old';
    const header = (): string => `Basic ${Buffer.from(`u:${password}`).toString('base64')}`;
    const server = await startBasic(header);
    const client = clientOf(server, { credentials: () => ({ username: 'u', password }) });
    await ask(client);
    password = 'new';
    expect((await ask(client)).status).toBe(200);
  });

  it('is answered 401 where there are none', async () => {
    const server = await startBasic(() => basic);
    const answer = await ask(clientOf(server));
    expect(answer.status).toBe(401);
    expect(answer.bytes.toString()).toBe('who?');
    expect(server.seen).toHaveLength(1);
  });

  it('gets them for 20 requests at once while the provider is asked once', async () => {
    let asked = 0;
    const server = await startBasic(() => basic);
    const credentials = async (): Promise<{ username: string; password: string }> => {
      asked++;
      return await Promise.resolve({ username: 'u', password: 'p:w' });
    };
    const client = clientOf(server, { credentials });
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await ask(client)).status));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(asked).toBeLessThanOrEqual(2);
  });
});

describe('an authorizer', () => {
  it('passes over challenges it cannot meet', async () => {
    const server = await startServer((_, response) =>
      response.writeHead(401, { 'WWW-Authenticate': ['Negotiate', 'NTLM'] }).end(),
    );
    expect((await ask(clientOf(server, login))).status).toBe(401);
    expect(server.seen).toHaveLength(1);
  });

  it('takes the token where both are offered (Gitea)', async () => {
    const tokens = await startTokenService(() => ({ body: { token: 'T' } }));
    const server = await startServer(({ headers }, response) => {
      if (headers.authorization === 'Bearer T') response.end();
      else {
        const challenges = ['Basic realm="Gitea"', `Bearer realm="${tokens.origin}",service="c",scope="*"`];
        response.writeHead(401, { 'WWW-Authenticate': challenges }).end();
      }
    });
    expect((await ask(clientOf(server, login))).status).toBe(200);
    expect(query(tokens.seen[0]?.path).getAll('scope')).toEqual(['*']);
  });

  it('tells the provider which host and token service ask', async () => {
    const tokens = await startTokenService(() => ({ body: { token: 'T' } }));
    const server = await startBearerRegistry({ realm: () => `${tokens.origin}/t`, accepts: () => true });
    const asked: unknown[] = [];
    const credentials: AuthorizerOptions['credentials'] = (host, { realm }) => void asked.push([host, realm]);
    await ask(clientOf(server, { host: 'docker.io', credentials }));
    expect(asked).toEqual([['docker.io', `${tokens.origin}/t`]]);
  });

  it('reports a provider that fails, and keeps its error as the cause', async () => {
    const tokens = await startTokenService(() => ({ body: { token: 'T' } }));
    const server = await startBearerRegistry({ realm: () => tokens.origin, accepts: () => true });
    const cause = new Error('vault is sealed');
    const credentials = (): never => {
      throw cause;
    };
    await expect(ask(clientOf(server, { credentials }))).rejects.toMatchObject({ code: 'ERR_OCI_CREDENTIALS', cause });
  });
});
