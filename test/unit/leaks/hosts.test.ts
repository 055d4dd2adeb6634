import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createResolver, type ResolverOptions } from '@stellaops/oci-referrers';
import { startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { Agent } from 'undici';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { authority, clientIdentity, otherIdentity, serverIdentity } from '../http/certificates.js';
import { startProxy } from '../http/proxy-server.js';
import { account, everythingSaid, findSecrets } from './secrets.js';
import { startStranger } from './stranger.js';

const pair = Buffer.from(`${account.username}:${account.password}`).toString('base64');

/** Writes a configuration of Docker's with one login, and lets the environment name it. */
async function logIn(key: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'oci-referrers-leaks-'));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [key]: { auth: pair } } }));
  vi.stubEnv('DOCKER_CONFIG', folder);
  vi.stubEnv('REGISTRY_AUTH_FILE', undefined);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
}

/** Asks a host of any name for an image; every name leads to a server here, which asks for a password. */
async function whatHostGets(host: string): Promise<string> {
  await using server = await startStranger({
    handle: (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
  });
  const port = Number(server.host.split(':')[1]);
  const agent = new Agent().compose((dispatch) => (options, handler) => {
    // The name stays in the Host header; the connection goes to the one server there is.
    const headers = { ...(options.headers as Record<string, string>), host };
    return dispatch({ ...options, origin: `http://127.0.0.1:${port}`, headers }, handler);
  });
  try {
    await using resolver = createResolver({ retry: 0, plainHttp: true, dispatcher: agent });
    await resolver.resolve(`${host}/team/app:v1`).catch(() => undefined);
    expect(server.received()).toContain(`host: ${host}\r\n`);
    return server.received();
  } finally {
    await agent.close();
  }
}

describe('a login for one host', () => {
  it.each([
    ['registry.example.com', 'registry.example.com'],
    ['registry.example.com:5000', 'registry.example.com:5000'],
    ['https://registry.example.com/v2/', 'registry.example.com'],
    ['registry.example.com', 'Registry.EXAMPLE.com'],
    ['Registry.EXAMPLE.com', 'registry.example.com'],
  ])('%s is used for %s', async (key, host) => {
    await logIn(key);
    expect(await whatHostGets(host)).toContain(pair);
  });

  it.each([
    ['registry.example.com', 'registry.example.com:5000'],
    ['registry.example.com:5000', 'registry.example.com'],
    ['registry.example.com:5000', 'registry.example.com:50001'],
    ['registry.example.com', 'registry.example.com.evil.example'],
    ['registry.example.com', 'evil-registry.example.com'],
    ['registry.example.com', 'sub.registry.example.com'],
    ['registry.example.com', 'registry.example.co'],
    ['registry.example.com', 'registry-example.com'],
    ['registry.example.com/team', 'registry.example.com'],
    ['https://index.docker.io/v1/', 'index.docker.io.evil.example'],
    ['127.0.0.1', 'localhost'],
  ])('%s is not used for %s', async (key, host) => {
    await logIn(key);
    expect(findSecrets(await whatHostGets(host), [account.password, pair])).toEqual([]);
  });
});

describe('what is configured for one host', () => {
  const logins = { mirror: { username: 'm', password: 'password-of-the-mirror' }, origin: account };
  const keys = { mirror: 'key-of-the-mirror', origin: 'key-of-the-origin' };

  /** A registry with a mirror before it; each has its own login and its own header. */
  async function resolveByWayOfMirror(extra: (registry: TestRegistry, mirror: TestRegistry) => ResolverOptions) {
    const mirror = await startRegistry({ auth: { type: 'basic', ...logins.mirror } });
    const registry = await startRegistry({ auth: { type: 'bearer', ...logins.origin } });
    await using resolver = createResolver({
      retry: 0,
      hosts: () => [
        { host: mirror.host, capabilities: ['resolve', 'pull'], headers: { 'X-Api-Key': keys.mirror } },
        { host: registry.host, capabilities: ['resolve', 'pull'], headers: { 'X-Api-Key': keys.origin } },
      ],
      ...extra(registry, mirror),
    });
    await resolver.resolve(`${registry.host}/team/app:v1`).catch(() => undefined);
    await Promise.all([mirror.close(), registry.close()]);
    const heard = ({ requests }: TestRegistry): string =>
      JSON.stringify(requests.map(({ url, headers }) => [url, headers]));
    return { atMirror: heard(mirror), atOrigin: heard(registry) };
  }

  it('is sent to the mirror or to the registry, to each its own', async () => {
    const { atMirror, atOrigin } = await resolveByWayOfMirror((registry) => ({
      credentials: (host) => (host === registry.host ? logins.origin : logins.mirror),
    }));
    expect(atMirror).toContain('ns=');
    expect(findSecrets(atMirror, [keys.mirror, 'm:password-of-the-mirror'])).toHaveLength(2);
    expect(findSecrets(atMirror, [keys.origin, account.password])).toEqual([]);
    expect(findSecrets(atOrigin, [keys.origin, account.password])).toHaveLength(2);
    expect(findSecrets(atOrigin, [keys.mirror, logins.mirror.password])).toEqual([]);
  });

  it('is not sent to a mirror that speaks for that host (ns=)', async () => {
    const { atMirror, atOrigin } = await resolveByWayOfMirror((registry) => ({
      credentials: (host) => (host === registry.host ? logins.origin : { anonymous: true }),
    }));
    expect(findSecrets(atMirror, [account.password])).toEqual([]);
    expect(findSecrets(atOrigin, [account.password])).toEqual([account.password]);
  });

  it('is not sent to another registry that the same resolver asks', async () => {
    await using stranger = await startStranger({
      handle: (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
    });
    await using registry = await startRegistry({ auth: { type: 'basic', ...account } });
    await using resolver = createResolver({
      retry: 0,
      credentials: (host) => (host === registry.host ? account : { anonymous: true }),
      headers: { [registry.host]: { 'X-Api-Key': keys.origin } },
    });
    for (const { host } of [registry, stranger, registry]) {
      await resolver.resolve(`${host}/team/app:v1`).catch(() => undefined);
    }
    expect(registry.requests.at(-1)?.headers['authorization']).toBe(`Basic ${pair}`);
    expect(stranger.requests.length).toBeGreaterThan(0);
    expect(findSecrets(stranger.received(), [account.password, keys.origin])).toEqual([]);
  });

  it('is, for a client certificate, neither shown where a redirect leads nor to another registry', async () => {
    const tls = serverIdentity;
    await using stranger = await startStranger({ tls });
    await using registry = await startStranger({
      tls,
      handle: (_, response) => response.writeHead(307, { location: `${stranger.origin}/elsewhere` }).end(),
    });
    const hosts = (host: string): [{ host: string; scheme: 'https'; capabilities: ['resolve'] }] => [
      { host, scheme: 'https', capabilities: ['resolve'] },
    ];
    const settings = { [registry.host]: { ca: authority, ...clientIdentity }, [stranger.host]: { ca: authority } };
    await using resolver = createResolver({ retry: 0, hosts, tls: settings, credentials: () => ({ anonymous: true }) });
    for (const { host } of [registry, stranger]) await resolver.resolve(`${host}/team/app:v1`).catch(() => undefined);
    expect(new Set(registry.certificates)).toEqual(new Set(['Test client']));
    expect(new Set(stranger.certificates)).toEqual(new Set([undefined]));
    expect(stranger.requests.map((line) => line.split('/')[1])).toEqual(expect.arrayContaining(['elsewhere', 'v2']));
  });

  it('is, for a proxy, shown to the proxy alone, which sees nothing of what is for the registry', async () => {
    await using registry = await startStranger({
      tls: otherIdentity,
      handle: (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
    });
    const forProxy = { user: 'u', password: 'password-of-the-proxy' };
    const login = `Basic ${Buffer.from(`${forProxy.user}:${forProxy.password}`).toString('base64')}`;
    const proxy = await startProxy({ login, routes: { 'other.example:443': Number(registry.host.split(':')[1]) } });
    const said: string[] = [];
    const log = (line: string): void => void said.push(line);
    await using resolver = createResolver({
      retry: 0,
      proxy: { url: proxy.url.replace('://', `://${forProxy.user}:${forProxy.password}@`) },
      tls: { 'other.example': { ca: authority } },
      credentials: () => account,
      headers: { 'other.example': { 'X-Api-Key': keys.origin } },
      logger: { debug: log, info: log, warn: log, error: log },
    });
    const error: unknown = await resolver.resolve('other.example/team/app:v1').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
    expect(proxy.seen[0]?.headers['proxy-authorization']).toBe(login);
    expect(findSecrets(proxy.heard(), [account.password, keys.origin])).toEqual([]);
    expect(findSecrets(registry.received(), [account.password, keys.origin])).toHaveLength(2);
    expect(findSecrets(registry.received(), [forProxy.password])).toEqual([]);
    expect(registry.received().toLowerCase()).not.toContain('proxy-authorization');
    expect(findSecrets(`${everythingSaid(error)}${said.join()}`, [forProxy.password, account.password])).toEqual([]);
  });
});
