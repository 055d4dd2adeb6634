import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createProxyChooser } from '../../../src/http/proxy.js';
import type { HttpClient } from '../../../src/http/types.js';
import { authority, clientIdentity, otherIdentity, serverIdentity } from './certificates.js';
import { type ProxySetup, startProxy, type TestProxy } from './proxy-server.js';
import { bound, type ClientSetup, clientFor, get, noRetry, quickRetry, startServer } from './support.js';
import { startTls } from './tls-server.js';

const origin = 'https://other.example';
const portOf = (url: string): number => Number(new URL(url).port);
const through = (url: string, setup: ClientSetup = {}, of = origin): HttpClient =>
  clientFor(of, { tls: { ca: authority }, proxyFor: createProxyChooser({ url }, {}), ...setup });

/** A registry with TLS that is reached through the proxy alone. */
async function behindProxy(setup: Omit<ProxySetup, 'routes'> = {}): Promise<{ proxy: TestProxy; shown: unknown[] }> {
  const { origin: at, shown } = await startTls(otherIdentity);
  return { proxy: await startProxy({ ...setup, routes: { 'other.example:443': portOf(at) } }), shown };
}

describe('a registry behind a proxy', () => {
  it('is reached through a tunnel, in which the proxy reads nothing', async () => {
    const { proxy } = await behindProxy();
    const request = get(origin, '/v2/', { headers: { authorization: 'Bearer very-secret' } });
    const answer = await through(proxy.url).requestBytes(request, bound);
    expect(answer.bytes.toString()).toBe('ok');
    expect(proxy.seen).toEqual([
      { method: 'CONNECT', path: 'other.example:443', headers: expect.anything() as object },
    ]);
    expect(proxy.heard()).toContain('CONNECT');
    expect(proxy.heard()).not.toMatch(/authorization|secret|v2/i);
  });

  it('is reached through a proxy that speaks TLS itself', async () => {
    const { proxy } = await behindProxy({ tls: serverIdentity });
    const answer = await through(proxy.url).requestBytes(get(origin, '/'), bound);
    expect(answer.bytes.toString()).toBe('ok');
    expect(proxy.seen.map(({ method }) => method)).toEqual(['CONNECT']);
  });

  it('without TLS is asked by way of the proxy, which is told the whole URL', async () => {
    const server = await startServer((_, response) => response.end('plain'));
    const proxy = await startProxy({ routes: { 'registry.test:80': portOf(server.origin) }, login: 'Basic bWU6cHc=' });
    const of = 'http://registry.test';
    const client = through(proxy.url.replace('//', '//me:pw@'), {}, of);
    const answer = await client.requestBytes(get(of, '/v2/?n=1'), bound);
    expect(answer.bytes.toString()).toBe('plain');
    expect(proxy.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET http://registry.test/v2/?n=1']);
    expect(server.seen[0]?.headers.host).toBe('registry.test');
  });

  it('without TLS is asked by way of a proxy with TLS as well', async () => {
    const server = await startServer((_, response) => response.end('plain'));
    const proxy = await startProxy({ routes: { 'registry.test:80': portOf(server.origin) }, tls: serverIdentity });
    const of = 'http://registry.test';
    const answer = await through(proxy.url, {}, of).requestBytes(get(of, '/'), bound);
    expect(answer.bytes.toString()).toBe('plain');
  });

  it('is given the client certificate, which neither the proxy nor another origin sees', async () => {
    const other = await startTls(otherIdentity);
    const own = await startTls(otherIdentity, ({ url }, response) => {
      if (url === '/moved') response.writeHead(302, { Location: 'https://other.example:8443/there' }).end();
      else response.end('own');
    });
    const routes = { 'other.example:443': portOf(own.origin), 'other.example:8443': portOf(other.origin) };
    const proxy = await startProxy({ routes });
    const client = through(proxy.url, { tls: { ca: authority, ...clientIdentity } });
    expect((await client.requestBytes(get(origin, '/moved'), bound)).bytes.toString()).toBe('ok');
    expect(own.shown).toEqual(['Test client']);
    expect(other.shown).toEqual([undefined]);
    expect(proxy.seen.map(({ path }) => path)).toEqual(['other.example:443', 'other.example:8443']);
  });

  it('is reached over twenty connections at once without a warning of a leak', async () => {
    const warnings: string[] = [];
    const hear = ({ name }: Error): number => warnings.push(name);
    process.on('warning', hear);
    onTestFinished(() => void process.off('warning', hear));
    const { proxy } = await behindProxy();
    const client = through(proxy.url);
    await Promise.all(Array.from({ length: 20 }, () => client.requestBytes(get(origin, '/'), bound)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });

  it('is reached over no more connections than are allowed', async () => {
    const { proxy } = await behindProxy();
    const client = through(proxy.url, { limits: { maxConnectionsPerHost: 2 } });
    await Promise.all(Array.from({ length: 8 }, () => client.requestBytes(get(origin, '/'), bound)));
    expect(proxy.seen).toHaveLength(2);
    await client.close();
    await expect.poll(() => proxy.connections()).toBe(0);
  });

  it.each([
    ['https://[2001:db8::1]', '[2001:db8::1]:443'],
    ['https://10.1.2.3:5000', '10.1.2.3:5000'],
    ['https://registry.test', 'registry.test:443'],
  ])('is named to the proxy with its port: %s', async (of, target) => {
    const proxy = await startProxy({ routes: {}, instead: 403 });
    await expect(through(proxy.url, {}, of).requestBytes(get(of, '/'), bound)).rejects.toThrow(target);
    expect(proxy.seen).toMatchObject([{ method: 'CONNECT', path: target, headers: { host: target } }]);
  });

  it('on loopback is reached directly', async () => {
    const server = await startServer((_, response) => response.end('direct'));
    const proxy = await startProxy({ routes: {} });
    const answer = await through(proxy.url, {}, server.origin).requestBytes(get(server.origin, '/'), bound);
    expect(answer.bytes.toString()).toBe('direct');
    expect(proxy.seen).toEqual([]);
  });

  it('whose certificate is not trusted is refused as without a proxy', async () => {
    const { proxy } = await behindProxy();
    await expect(through(proxy.url, { tls: {} }).requestBytes(get(origin, '/'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      hint: expect.stringContaining('--ca-file') as string,
    });
  });
});

describe('a proxy that does not connect', () => {
  it.each<[string, Omit<ProxySetup, 'routes'>, string, RegExp, number]>([
    ['wants a login', { login: 'Basic x' }, 'ERR_OCI_NETWORK', /wants a login \(407\)/, 1],
    ['forbids the host', { instead: 403 }, 'ERR_OCI_NETWORK', /did not connect to other\.example:443 \(403\)/, 1],
    [
      'does not reach the host',
      { instead: 502 },
      'ERR_OCI_NETWORK',
      /did not connect to other\.example:443 \(502\)/,
      4,
    ],
    ['hangs up', { instead: 'closes' }, 'ERR_OCI_NETWORK', /closed before/, 4],
    ['does not speak HTTP', { instead: 'garbage' }, 'ERR_OCI_NETWORK', /does not speak HTTP/, 1],
    ['does not say anything', { instead: 'silent' }, 'ERR_OCI_TIMEOUT', /timeouts\.connectMs \(200 ms\)/, 1],
    [
      'has a certificate of another name',
      { tls: otherIdentity },
      'ERR_OCI_NETWORK',
      /its certificate is for other.example/,
      0,
    ],
  ])('is named where it %s, and tried again only where that may help', async (_name, setup, code, reason, tries) => {
    const { proxy } = await behindProxy(setup);
    const retry = setup.instead === 'silent' ? noRetry : quickRetry;
    const client = through(proxy.url, { retry, timeouts: { connectMs: 200 } });
    const error: unknown = await client.requestBytes(get(origin, '/'), bound).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(reason) as string,
      hint: expect.stringMatching(/proxy/i) as string,
    });
    expect(String(error)).toContain(`the proxy ${proxy.host}`);
    expect(proxy.seen).toHaveLength(tries);
  });

  it('is named where nothing listens', async () => {
    const { proxy } = await behindProxy();
    const gone = proxy.url.replace(/\d+$/, '1');
    await expect(through(gone).requestBytes(get(origin, '/'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      message: expect.stringContaining('the proxy 127.0.0.1:1 does not connect: connection refused') as string,
      hint: expect.stringContaining('HTTPS_PROXY') as string,
    });
  });

  it('says with 407 to a plain request what it says to a tunnel', async () => {
    const proxy = await startProxy({ routes: {}, login: 'Basic x' });
    const of = 'http://registry.test';
    await expect(through(proxy.url, {}, of).requestBytes(get(of, '/'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      message: expect.stringContaining('wants a login (407)') as string,
    });
  });

  it('is let go when the client is closed', async () => {
    const { proxy } = await behindProxy({ instead: 'silent' });
    const client = through(proxy.url);
    const asked = client.requestBytes(get(origin, '/'), bound);
    const refused = expect(asked).rejects.toMatchObject({ code: 'ERR_OCI_CLOSED' });
    await expect.poll(() => proxy.seen.length).toBe(1);
    await client.close();
    await refused;
    await expect.poll(() => proxy.connections()).toBe(0);
  });
});

describe('user and password of a proxy', () => {
  const login = `Basic ${Buffer.from('me:hidden-word').toString('base64')}`;
  const named = (url: string): string => url.replace('//', '//me:hidden-word@');

  it('get to the proxy and no further', async () => {
    const headers: unknown[] = [];
    const { origin: at } = await startTls(otherIdentity, (request, response) => {
      headers.push(request.headers);
      response.end('ok');
    });
    const proxy = await startProxy({ login, routes: { 'other.example:443': portOf(at) } });
    expect((await through(named(proxy.url)).requestBytes(get(origin, '/'), bound)).bytes.toString()).toBe('ok');
    expect(JSON.stringify(headers)).not.toMatch(/proxy|hidden|bWU6/i);
  });

  it.each<[string, Partial<ProxySetup>]>([
    ['refuses them', { login: 'Basic other' }],
    ['fails', { instead: 500 }],
    ['speaks no HTTP', { instead: 'garbage' }],
  ])('are in no error and no log line when the proxy %s', async (_name, setup) => {
    const { proxy } = await behindProxy(setup);
    const logged: string[] = [];
    const log = (line: string): void => {
      logged.push(line);
    };
    const logger = { debug: log, info: log, warn: log, error: log };
    const client = through(named(proxy.url), { logger, retry: quickRetry });
    const error: unknown = await client.requestBytes(get(origin, '/'), bound).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_OCI_NETWORK' });
    const said = `${inspect(error, { showHidden: true, depth: 9 })} ${JSON.stringify(error)} ${logged.join('\n')}`;
    expect(said).not.toMatch(/hidden-word|bWU6aGlk/);
  });
});
