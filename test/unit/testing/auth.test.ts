import { array, constantFrom, property, assert as propertyAssert, string } from 'fast-check';
import { expect, test } from 'vitest';
import { parseScope } from '../../../src/testing/auth-scopes.js';
import { buildImage, startRegistry, type TestRegistry, type TestRegistryAuth } from '../../../src/testing/index.js';

const user = { username: 'user', password: 'pass:word' };
const basic = `Basic ${Buffer.from('user:pass:word').toString('base64')}`;
const bearer: TestRegistryAuth = { type: 'bearer', ...user };

async function startWithImage(auth: TestRegistryAuth): Promise<TestRegistry> {
  const registry = await startRegistry({ auth });
  registry.store.add('team/app', buildImage(), { tag: '1.0' });
  return registry;
}

async function pull(registry: TestRegistry, authorization?: string): Promise<Response> {
  const headers = authorization === undefined ? {} : { authorization };
  return await fetch(`${registry.origin}/v2/team/app/manifests/1.0`, { headers });
}

async function askToken(registry: TestRegistry, scopes: readonly string[], authorization?: string): Promise<Response> {
  const query = new URLSearchParams([
    ['service', registry.host],
    ...scopes.map((scope): [string, string] => ['scope', scope]),
  ]);
  const headers = authorization === undefined ? {} : { authorization };
  return await fetch(`${registry.origin}/token?${query.toString()}`, { headers });
}

async function tokenFor(registry: TestRegistry, scope: string, authorization?: string): Promise<string> {
  const body = (await (await askToken(registry, [scope], authorization)).json()) as Record<string, string | number>;
  expect(body['access_token']).toBe(body['token']);
  expect(body['expires_in']).toBe(300);
  return `Bearer ${body['token']}`;
}

test('basic: only the user gets in', async () => {
  await using registry = await startWithImage({ type: 'basic', ...user });
  const refused = await pull(registry);
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="test registry"']);
  expect((await pull(registry, `Basic ${Buffer.from('user:wrong').toString('base64')}`)).status).toBe(401);
  expect((await pull(registry, basic)).status).toBe(200);
});

test('basic: everybody may pull where that is allowed, and nobody else may push', async () => {
  await using registry = await startWithImage({ type: 'basic', ...user, anonymousPull: true });
  expect((await pull(registry)).status).toBe(200);
  const uploads = `${registry.origin}/v2/team/app/blobs/uploads/`;
  expect((await fetch(uploads, { method: 'POST' })).status).toBe(401);
  expect((await fetch(uploads, { method: 'POST', headers: { authorization: basic } })).status).toBe(202);
});

test('bearer: the challenge says what token to get where, and that token opens the door', async () => {
  await using registry = await startWithImage(bearer);
  const refused = await pull(registry);
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toBe(
    `Bearer realm="${registry.origin}/token",service="${registry.host}",scope="repository:team/app:pull"`,
  );
  expect((await pull(registry, basic)).status).toBe(401);
  expect((await pull(registry, await tokenFor(registry, 'repository:team/app:pull', basic))).status).toBe(200);
  expect(registry.requests.map((request) => request.endpoint)).toEqual(['manifest', 'manifest', 'token', 'manifest']);
});

test('bearer: the base endpoint takes any token and its challenge has no scope', async () => {
  await using registry = await startWithImage(bearer);
  const refused = await fetch(`${registry.origin}/v2/`);
  expect(refused.headers.get('www-authenticate')).not.toContain('scope');
  const authorization = await tokenFor(registry, 'repository:team/app:pull', basic);
  expect((await fetch(`${registry.origin}/v2/`, { headers: { authorization } })).status).toBe(200);
});

test.each([
  ['another repository', 'repository:team/other:pull'],
  ['another action', 'repository:team/app:push'],
  ['no resource at all', 'registry:catalog:*'],
])('bearer: a token for %s is not enough', async (_what, scope) => {
  await using registry = await startWithImage(bearer);
  const refused = await pull(registry, await tokenFor(registry, scope, basic));
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
});

test('bearer: a mount needs the source as well, and deleting is an action of its own', async () => {
  await using registry = await startWithImage(bearer);
  const mount = `${registry.origin}/v2/team/app/blobs/uploads/?mount=sha256:${'0'.repeat(64)}&from=team/base`;
  const refused = await fetch(mount, { method: 'POST' });
  expect(refused.headers.get('www-authenticate')).toContain(
    'scope="repository:team/app:pull,push repository:team/base:pull"',
  );
  const authorization = await tokenFor(registry, 'repository:team/app:pull,push repository:team/base:pull', basic);
  expect((await fetch(mount, { method: 'POST', headers: { authorization } })).status).toBe(202);
  const manifest = `${registry.origin}/v2/team/app/manifests/1.0`;
  const kept = await fetch(manifest, { method: 'DELETE', headers: { authorization } });
  expect(kept.headers.get('www-authenticate')).toContain('scope="repository:team/app:delete"');
});

test('bearer: tokens are for the user, with the right password, for this service', async () => {
  await using registry = await startWithImage(bearer);
  expect((await askToken(registry, ['repository:team/app:pull'])).status).toBe(401);
  const wrong = `Basic ${Buffer.from('user:wrong').toString('base64')}`;
  expect((await askToken(registry, ['repository:team/app:pull'], wrong)).status).toBe(401);
  const elsewhere = await fetch(`${registry.origin}/token?service=other`, { headers: { authorization: basic } });
  expect(elsewhere.status).toBe(400);
});

test('bearer: an anonymous token pulls where that is allowed, and does nothing else', async () => {
  await using registry = await startWithImage({ ...bearer, anonymousPull: true });
  const authorization = await tokenFor(registry, 'repository:team/app:pull,push');
  expect((await pull(registry)).status).toBe(401);
  expect((await pull(registry, authorization)).status).toBe(200);
  const uploads = `${registry.origin}/v2/team/app/blobs/uploads/`;
  expect((await fetch(uploads, { method: 'POST', headers: { authorization } })).status).toBe(401);
});

test('bearer: a token that has expired is refused as invalid', async () => {
  await using registry = await startWithImage(bearer);
  const authorization = await tokenFor(registry, 'repository:team/app:pull', basic);
  registry.expireTokens();
  const refused = await pull(registry, authorization);
  expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"');
  await using shortLived = await startWithImage({ ...bearer, tokenTtlSeconds: 0 });
  const body = await (await askToken(shortLived, ['repository:team/app:pull'], basic)).json();
  expect((await pull(shortLived, `Bearer ${(body as { token: string }).token}`)).status).toBe(401);
});

test('bearer: a scope grants what it names and no text grants more', () => {
  propertyAssert(
    property(
      constantFrom('a', 'team/app', 'h:5000/x'),
      array(constantFrom('pull', 'push', 'delete', '*'), { minLength: 1 }),
      (repository, actions) => {
        expect(parseScope(`repository:${repository}:${actions.join(',')}`)).toEqual([{ repository, actions }]);
      },
    ),
  );
  propertyAssert(
    property(string(), (text) => {
      for (const scope of parseScope(text))
        expect(text).toBe(`repository:${scope.repository}:${scope.actions.join(',')}`);
    }),
  );
});
