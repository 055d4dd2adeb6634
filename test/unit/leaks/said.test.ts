import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { createResolver, type ResolverOptions } from '@stellaops/oci-referrers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Home, type HomeSetting, openHome } from './home.js';
import { account, apiKey, everythingSaid, findSecrets, signature } from './secrets.js';
import type { StrangerHandler } from './stranger.js';

/** A server that answers everything with the same bytes, however wrong they are. */
async function startRaw(bytes: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('data', () => socket.write(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(Error);
  return everythingSaid(error);
}

/** A home whose blobs are at a signed URL of a stranger who answers as the test says. */
function signedBlobs(stranger: HomeSetting['stranger']): HomeSetting {
  return {
    stranger,
    answer: ({ endpoint }, right, home) =>
      endpoint === 'blob' && right.status === 200
        ? { status: 307, headers: { location: `${home.stranger.origin}/blob?X-Amz-Signature=${signature}` } }
        : right,
  };
}

async function pullBlob(home: Home): Promise<Buffer> {
  const { descriptor } = home.sbom.blobs.at(-1) ?? home.image.blobs[0] ?? { descriptor: home.image.descriptor };
  return await buffer(await (await home.resolver.fetcher(home.reference)).fetch(descriptor));
}

describe('an error says nothing of', () => {
  it.each<[string, StrangerHandler]>([
    ['refuses', (_, response) => void response.writeHead(403).end('<Error/>')],
    ['cuts the connection', (_, response) => void response.destroy()],
    ['sends other bytes', (_, response) => void response.end('other bytes')],
  ])('the signature in a URL of a store that %s', async (_, handler) => {
    await using home = await openHome(signedBlobs(() => handler));
    expect(findSecrets(await failureOf(pullBlob(home)), [signature])).toEqual([]);
    expect(home.stranger.received()).toContain(signature);
    expect(findSecrets(home.said.join('\n'), [signature])).toEqual([]);
  });

  it.each([
    [
      'has a broken length',
      (token: string) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz{"token":"${token}"}\r\n`,
    ],
    ['is no HTTP', (token: string) => `{"token":"${token}"}\r\n\r\n`],
    [
      'is no JSON',
      (token: string) =>
        `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 55\r\n\r\n{"token":"${token}",,${' '.repeat(80)}`,
    ],
    [
      'comes with an error',
      (token: string) => `HTTP/1.1 500 Oh\r\nContent-Length: 60\r\n\r\n{"token":"${token}"}${' '.repeat(80)}`,
    ],
  ])('a token in an answer that %s', async (_, answer) => {
    const token = 'token-of-a-broken-service';
    const realm = await startRaw(answer(token));
    await using home = await openHome({
      answer: (_request, right) =>
        right.status === 401 ? { ...right, headers: { 'www-authenticate': `Bearer realm="${realm}"` } } : right,
    });
    const said = [await failureOf(home.resolver.resolve(home.reference)), ...home.said].join('\n');
    expect(findSecrets(said, [...home.secrets, token])).toEqual([]);
  });

  it.each<[string, ResolverOptions]>([
    ['a header with a line break', { headers: { 'a.example': { 'X-Api-Key': `${apiKey}\n` } } }],
    ['a header that is not allowed', { headers: { 'a.example': { Authorization: apiKey } } }],
    ['a header for no host', { headers: { 'https://a.example/': { 'X-Api-Key': apiKey } } }],
    ['a key of a wrong kind', { tls: { 'a.example': { key: Buffer.from(apiKey) as unknown as string } } }],
    ['a proxy in a wrong place', { proxy: `http://u:${apiKey}@p.example` } as unknown as ResolverOptions],
  ])('the value of an option that cannot work: %s', (_, options) => {
    let said = '';
    try {
      createResolver(options);
    } catch (error) {
      said = everythingSaid(error);
    }
    expect(said).toContain('ERR_OCI_INVALID_OPTION');
    expect(findSecrets(said, [apiKey])).toEqual([]);
  });

  it('a header no socket can carry, found when it is sent', async () => {
    await using home = await openHome({
      resolver: ({ registry }) => ({
        headers: (host) => (host === registry.host ? { 'X-Api-Key': `${apiKey}\u0001` } : {}),
      }),
    });
    expect(findSecrets(await failureOf(home.resolver.resolve(home.reference)), [apiKey])).toEqual([]);
  });

  it('a key that is no PEM', async () => {
    await using home = await openHome();
    const tls = { [home.registry.host]: { cert: `cert ${apiKey}`, key: `key ${apiKey}` } };
    await using resolver = createResolver({
      retry: 0,
      tls,
      hosts: (host) => [{ host, scheme: 'https', capabilities: ['resolve'] }],
    });
    expect(findSecrets(await failureOf(resolver.resolve(home.reference)), [apiKey])).toEqual([]);
  });

  it('a user name with a colon, which is often a login in one', async () => {
    const login = `${account.username}:${account.password}`;
    await using home = await openHome({
      registry: { auth: { type: 'basic', ...account } },
      resolver: () => ({ credentials: () => ({ username: login, password: account.password }) }),
    });
    expect(findSecrets(await failureOf(home.resolver.resolve(home.reference)), [account.password])).toEqual([]);
  });
});
