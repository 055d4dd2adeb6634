import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { authority, clientIdentity, otherIdentity, serverIdentity } from './certificates.js';
import { bound, clientFor, get, startServer } from './support.js';
import { startTls, type TlsServer } from './tls-server.js';

const redirectTo =
  (map: () => Record<string, string>) =>
  ({ url = '' }: IncomingMessage, response: ServerResponse): void => {
    const location = map()[url];
    if (location === undefined) response.end('end');
    else response.writeHead(302, { Location: location }).end();
  };

describe('a registry with TLS', () => {
  it('is trusted through the authority that was given for it', async () => {
    const server = await startTls(serverIdentity);
    const answer = await clientFor(server.origin, { tls: { ca: authority } }).requestBytes(
      get(server.origin, '/'),
      bound,
    );
    expect(answer.status).toBe(200);
  });

  it('whose authority is unknown is refused once, and the hint names --ca-file', async () => {
    const server = await startTls(serverIdentity);
    const retry = { maxRetries: 5, baseDelayMs: 1, maxDelayMs: 1, maxRetryAfterMs: 1 };
    const logged: string[] = [];
    const logger = { debug: (line: string) => void logged.push(line), info: () => {}, warn: () => {}, error: () => {} };
    const call = clientFor(server.origin, { retry, logger }).requestBytes(get(server.origin, '/'), bound);
    await expect(call).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      hint: expect.stringContaining('--ca-file') as string,
    });
    expect(logged.join()).not.toContain('retry');
    expect(server.shown).toEqual([]);
  });

  it('with the certificate of another name is refused', async () => {
    const server = await startTls(otherIdentity);
    const call = clientFor(server.origin, { tls: { ca: [authority] } }).requestBytes(get(server.origin, '/'), bound);
    await expect(call).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      message: expect.stringContaining('its certificate is for other.example') as string,
    });
  });

  it('is taken as it is when verification is off', async () => {
    const server = await startTls(otherIdentity);
    const tls = { rejectUnauthorized: false };
    expect((await clientFor(server.origin, { tls }).requestBytes(get(server.origin, '/'), bound)).status).toBe(200);
  });

  it('that speaks plain HTTP gets a hint at --plain-http', async () => {
    const server = await startServer((_, response) => response.end());
    const origin = server.origin.replace('http:', 'https:');
    await expect(clientFor(origin).requestBytes(get(origin, '/'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      hint: expect.stringContaining('--plain-http') as string,
    });
  });

  it('that is asked in plain HTTP is a network error', async () => {
    const server = await startTls(serverIdentity);
    const origin = server.origin.replace('https:', 'http:');
    await expect(clientFor(origin).requestBytes(get(origin, '/'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      hint: expect.stringContaining('--plain-http') as string,
    });
  });
});

describe('a client certificate', () => {
  const tls = { ca: authority, ...clientIdentity };

  it('that is none is an error that names tls, and the client can still be closed', async () => {
    const server = await startTls(serverIdentity);
    const client = clientFor(server.origin, { tls: { ...tls, cert: 'no PEM' } });
    await expect(client.requestBytes(get(server.origin, '/'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument: 'tls',
    });
    await client.close();
    expect(server.shown).toEqual([]);
  });

  it('is shown to its origin', async () => {
    const server = await startTls(serverIdentity);
    await clientFor(server.origin, { tls }).requestBytes(get(server.origin, '/'), bound);
    expect(server.shown).toEqual(['Test client']);
  });

  it('is shown neither to the origin a redirect leads to, nor to its own after coming back', async () => {
    const b: TlsServer = await startTls(
      serverIdentity,
      redirectTo(() => ({ '/b': `${a.origin}/home` })),
    );
    const a: TlsServer = await startTls(
      serverIdentity,
      redirectTo(() => ({ '/a': `${b.origin}/b` })),
    );
    const answer = await clientFor(a.origin, { tls }).requestBytes(get(a.origin, '/a'), bound);
    expect(answer.bytes.toString()).toBe('end');
    expect(a.shown).toEqual(['Test client', undefined]);
    expect(b.shown).toEqual([undefined]);
  });

  it('does not come with verification switched off elsewhere', async () => {
    const b = await startTls(otherIdentity);
    const a = await startTls(
      serverIdentity,
      redirectTo(() => ({ '/a': `${b.origin}/b` })),
    );
    const open = { ca: authority, rejectUnauthorized: false };
    const call = clientFor(a.origin, { tls: open }).requestBytes(get(a.origin, '/a'), bound);
    await expect(call).rejects.toMatchObject({ code: 'ERR_OCI_NETWORK' });
    expect(b.shown).toEqual([]);
  });
});
