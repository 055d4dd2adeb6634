import { describe, expect, it } from 'vitest';
import type { AuthorizerOptions } from '../../../src/auth/authorizer.js';
import type { BufferedResponse, HttpClient } from '../../../src/http/types.js';
import { bound, clientFor, get, startServer, type TestServer } from '../http/support.js';
import { authorizerFor } from './support.js';
import { startTokenService } from './token-service.js';

const refusal = (code: string, message: string): string => JSON.stringify({ errors: [{ code, message }] });
const invalid = refusal('DENIED', 'Your Authorization Token is invalid.');
const expired = refusal('DENIED', 'Your authorization token has expired. Reauthenticate and try again.');

interface Scene {
  readonly registry: TestServer;
  readonly tokens: TestServer;
  readonly client: HttpClient;
  /** Lets the registry refuse every token but the next one. */
  expire(): void;
  ask(method?: 'GET' | 'HEAD'): Promise<BufferedResponse>;
}

/** A registry that answers a request without a token as it should, and one with a stale token as the test says. */
async function openScene(status: number, body: string, isCurable = true): Promise<Scene> {
  let wanted = 1;
  const tokens = await startTokenService((_, count) => ({ body: { token: `T${count}`, expires_in: 3_600 } }));
  const registry = await startServer(({ headers, method }, response) => {
    const challenge = `Bearer realm="${tokens.origin}/token/",service="public.ecr.aws",scope="aws"`;
    if (headers.authorization === undefined) response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
    else if (headers.authorization === `Bearer T${wanted}`) response.end('ok');
    else response.writeHead(status).end(method === 'HEAD' ? undefined : body);
  });
  const client = clientFor(registry.origin, { authorizer: authorizerFor(registry.origin) });
  const ask = async (method: 'GET' | 'HEAD' = 'GET'): Promise<BufferedResponse> =>
    await client.requestBytes(get(registry.origin, '/x', { method, scopes: ['repository:a:pull'] }), bound);
  const expire = (): void => {
    wanted = isCurable ? tokens.seen.length + 1 : -1;
  };
  return { registry, tokens, client, expire, ask };
}

describe('a token that a registry refuses without 401', () => {
  it.each([
    ['400 of ECR Public', 400, invalid],
    ['403 of ECR', 403, expired],
    ['a code of its own', 400, refusal('INVALID_TOKEN', 'no')],
    ['an OAuth2 error', 400, '{"error":"invalid_token","error_description":"gone"}'],
    ['plain words', 403, 'token has been revoked'],
  ])('with %s is replaced once, and the request goes on', async (_, status, body) => {
    const scene = await openScene(status, body);
    expect((await scene.ask()).status).toBe(200);
    scene.expire();
    expect((await scene.ask()).bytes.toString()).toBe('ok');
    expect(scene.tokens.seen).toHaveLength(2);
    expect(scene.registry.seen.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer T1',
      'Bearer T1',
      'Bearer T2',
    ]);
  });

  it('is replaced when a HEAD is answered 400, since no body can say why', async () => {
    const scene = await openScene(400, '');
    await scene.ask();
    scene.expire();
    expect((await scene.ask('HEAD')).status).toBe(200);
  });

  it('is replaced once and not for ever', async () => {
    const scene = await openScene(400, invalid, false);
    await scene.ask('HEAD').catch(() => undefined);
    scene.expire();
    scene.registry.seen.length = 0;
    const answer = await scene.ask();
    expect([answer.status, answer.bytes.toString()]).toEqual([400, invalid]);
    expect(scene.registry.seen).toHaveLength(2);
  });

  it.each([
    ['a cursor (ECR)', 400, refusal('UNSUPPORTED', "Invalid parameter at 'NextToken': 'Invalid next token provided'")],
    ['a digest', 400, refusal('DIGEST_INVALID', 'provided digest did not match uploaded content')],
    ['a permission', 403, refusal('DENIED', 'requested access to the resource is denied')],
    ['nothing', 400, ''],
    ['nothing', 403, ''],
    ['a page', 403, '<html>your access token has expired</html>'],
    ['a token, with another status', 404, invalid],
  ])('is not blamed for a refusal that speaks of %s (%i)', async (_, status, body) => {
    const scene = await openScene(status, body);
    await scene.ask();
    scene.expire();
    const answer = await scene.ask();
    expect([answer.status, answer.bytes.toString()]).toEqual([status, body]);
    expect(scene.registry.seen).toHaveLength(3);
    expect(scene.tokens.seen).toHaveLength(1);
  });

  it('is not blamed when none was sent', async () => {
    const registry = await startServer((_, response) => response.writeHead(400).end(invalid));
    const client = clientFor(registry.origin, { authorizer: authorizerFor(registry.origin) });
    expect((await client.requestBytes(get(registry.origin, '/'), bound)).status).toBe(400);
    expect(registry.seen).toHaveLength(1);
  });

  it('and is the one the caller gave is not asked for again', async () => {
    const registry = await startServer(({ headers }, response) => {
      const challenge = 'Bearer realm="http://127.0.0.1:1/"';
      if (headers.authorization === undefined) response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
      else response.writeHead(400).end(invalid);
    });
    const authorizer = authorizerFor(registry.origin, { credentials: () => ({ token: 'mine' }) });
    const client = clientFor(registry.origin, { authorizer });
    for (const [round, requests] of [2, 1].entries()) {
      registry.seen.length = 0;
      expect((await client.requestBytes(get(registry.origin, '/'), bound)).status).toBe(400);
      expect(registry.seen.length, `round ${round}`).toBeLessThanOrEqual(requests + 1);
    }
  });
});

describe('a password that a registry refuses without a challenge', () => {
  it('is replaced by the one the provider knows now (ECR after 12 hours)', async () => {
    let password = 'first';
    const header = (): string => `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
    const registry = await startServer(({ headers }, response) => {
      if (headers.authorization === header()) response.end('ok');
      else if (headers.authorization !== undefined) response.writeHead(403).end(expired);
      else response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="ecr",service="ecr.amazonaws.com"' }).end();
    });
    const credentials: AuthorizerOptions['credentials'] = () => ({ username: 'AWS', password });
    const client = clientFor(registry.origin, { authorizer: authorizerFor(registry.origin, { credentials }) });
    const ask = async (): Promise<number> => (await client.requestBytes(get(registry.origin, '/'), bound)).status;
    expect(await ask()).toBe(200);
    password = 'second';
    expect(await ask()).toBe(200);
  });
});
