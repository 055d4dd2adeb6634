import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { IntegrityError } from '../../../src/errors/index.js';
import { scopeOfHostname } from '../../../src/http/address-scope.js';
import { createGuardedLookup } from '../../../src/http/guarded-lookup.js';
import { defaultTimeouts } from '../../../src/http/timeouts.js';
import { isTransient, toTransportError } from '../../../src/http/transport-error.js';
import { bound, clientFor, get, startServer } from './support.js';

const context = { method: 'GET', url: new URL('https://u:p@r.example/v2/?sig=secret'), timeouts: defaultTimeouts };
const failing = (code: string): Error => toTransportError(Object.assign(new Error('low level'), { code }), context);

describe('a connection that fails', () => {
  it('because nobody listens says so and what to look at', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    await expect(clientFor(origin).requestBytes(get(origin, '/v2/'), bound)).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      message: `GET ${origin}/v2/ failed: connection refused`,
      hint: expect.stringContaining('is the registry running') as string,
      cause: expect.objectContaining({ code: 'ECONNREFUSED' }) as Error,
    });
  });

  it.each([
    ['ECONNRESET', 'ERR_OCI_NETWORK', true],
    ['EAI_AGAIN', 'ERR_OCI_NETWORK', true],
    ['UND_ERR_CONNECT_TIMEOUT', 'ERR_OCI_TIMEOUT', true],
    ['SOMETHING_NEW', 'ERR_OCI_NETWORK', true],
    ['ENOTFOUND', 'ERR_OCI_NETWORK', false],
    ['CERT_HAS_EXPIRED', 'ERR_OCI_NETWORK', false],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_OCI_NETWORK', false],
    ['UND_ERR_HEADERS_TIMEOUT', 'ERR_OCI_TIMEOUT', false],
    ['HPE_INVALID_CONSTANT', 'ERR_OCI_NETWORK', false],
    ['OCI_ADDRESS_REFUSED', 'ERR_OCI_REDIRECT_REFUSED', false],
  ])('with %s has code %s (worth another try: %s)', (code, expected, transient) => {
    const error = failing(code);
    expect(error).toMatchObject({ code: expected, hint: expect.any(String) as string, cause: { code } });
    expect(isTransient(error)).toBe(transient);
    expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(/secret|u:p/);
  });

  it('with an error of this package keeps it', () => {
    const error = new IntegrityError('ERR_OCI_SIZE_MISMATCH', 'x', { expected: '1', actual: '2' });
    expect(toTransportError(error, context)).toBe(error);
  });

  it('because a header cannot be sent blames the option', async () => {
    const server = await startServer((_, response) => response.end());
    const call = clientFor(server.origin, { headers: { 'x-a': 'line\nbreak' } }).requestBytes(
      get(server.origin, '/'),
      bound,
    );
    await expect(call).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'headers' });
  });
});

describe('a dispatcher of the caller', () => {
  it('carries every request and is not closed', async () => {
    const server = await startServer((_, response) => response.end('ok'));
    const dispatcher = new Agent();
    onTestFinished(async () => {
      await dispatcher.close();
    });
    const client = clientFor(server.origin, { dispatcher });
    expect((await client.requestBytes(get(server.origin, '/'), bound)).status).toBe(200);
    await client.close();
    expect(dispatcher.closed || dispatcher.destroyed).toBe(false);
  });
});

describe('a name that leads to this machine', () => {
  const connect = async (name: string, registry: string, all: boolean): Promise<unknown> =>
    await new Promise((resolve) => {
      createGuardedLookup(registry)(name, { all }, (error, address) => {
        resolve(error ?? address);
      });
    });

  it('is refused where the registry is elsewhere', async () => {
    expect(await connect('localhost', '10.1.2.3', true)).toMatchObject({ code: 'OCI_ADDRESS_REFUSED' });
    expect(await connect('localhost', '169.254.1.1', false)).toMatchObject({ code: 'OCI_ADDRESS_REFUSED' });
  });

  it('is connected to where the registry is there too', async () => {
    expect(await connect('localhost', '127.0.0.1', true)).toContainEqual(
      expect.objectContaining({ address: '127.0.0.1' }),
    );
    expect(await connect('localhost', 'localhost', false)).toMatch(/^(?:127\.0\.0\.1|::1)$/);
  });

  it.each([
    ['127.8.8.8', 'loopback'],
    ['[::1]', 'loopback'],
    ['[::]', 'loopback'],
    ['[::ffff:7f00:1]', 'loopback'],
    ['0.0.0.0', 'loopback'],
    ['localhost', 'loopback'],
    ['api.localhost', 'loopback'],
    ['169.254.169.254', 'link-local'],
    ['[fe80::1]', 'link-local'],
    ['[::ffff:a9fe:a9fe]', 'link-local'],
    ['100.100.100.200', 'link-local'],
    ['10.0.0.1', 'other'],
    ['[fd00::1]', 'other'],
    ['registry.example', 'other'],
    ['localhost.example', 'other'],
  ])('is told by its spelling: %s is %s', (hostname, scope) => {
    expect(scopeOfHostname(hostname)).toBe(scope);
  });
});
