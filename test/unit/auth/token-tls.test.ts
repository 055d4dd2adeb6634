import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { authority, clientIdentity, serverIdentity } from '../http/certificates.js';
import { bound, clientFor, get } from '../http/support.js';
import { startTls, type TlsServer } from '../http/tls-server.js';
import { authorizerFor } from './support.js';

const tls = { ca: authority, ...clientIdentity };

/** A registry that wants a token, and gives one at `/token` itself. */
async function startRegistry(realm: () => string): Promise<TlsServer> {
  return await startTls(serverIdentity, ({ url, headers }: IncomingMessage, response: ServerResponse) => {
    if (url?.startsWith('/token') === true) response.end('{"token":"T"}');
    else if (headers.authorization === 'Bearer T') response.end('ok');
    else response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${realm()}",service="r"` }).end();
  });
}

async function ask(origin: string): Promise<number> {
  const client = clientFor(origin, { tls, authorizer: authorizerFor(origin, { tls }) });
  return (await client.requestBytes(get(origin, '/v2/'), bound)).status;
}

describe('the client certificate of a registry', () => {
  it('is shown to a token service at the registry itself', async () => {
    const registry: TlsServer = await startRegistry(() => `${registry.origin}/token`);
    expect(await ask(registry.origin)).toBe(200);
    expect(registry.shown).toEqual(['Test client', 'Test client', 'Test client']);
  });

  it('is not shown to a token service at another origin, nor where that redirects back to', async () => {
    const service: TlsServer = await startTls(serverIdentity, (_, response) =>
      response.writeHead(307, { Location: `${registry.origin}/token` }).end(),
    );
    const registry: TlsServer = await startRegistry(() => `${service.origin}/`);
    expect(await ask(registry.origin)).toBe(200);
    expect(service.shown).toEqual([undefined]);
    expect(registry.shown).toEqual(['Test client', undefined, 'Test client']);
  });
});
