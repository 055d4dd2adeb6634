import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testCertificate } from '../../unit/testing/certificate.js';
import { users } from './users.js';

/** A token service as docker-registry expects one, on a host of its own. */
export interface TokenServer {
  /** What docker-registry's configuration says of it. */
  readonly settings: Readonly<Record<'realm' | 'service' | 'issuer', string>>;
  /** The certificate that docker-registry trusts its tokens by, PEM. */
  readonly certificate: string;
  stop(): Promise<void>;
}

const service = 'interop';
const issuer = 'interop tokens';
const key = createPrivateKey(testCertificate.key);

/** Starts a token service: it signs JSON web tokens (ES256, with the certificate in the header) for the users of these tests. */
export async function startTokenServer(): Promise<TokenServer> {
  const server = createServer((request, response) => {
    const { status, body } = answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const realm = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/token`;
  return {
    settings: { realm, service, issuer },
    certificate: testCertificate.cert,
    async stop() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

function answer(request: IncomingMessage): { readonly status: number; readonly body: unknown } {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method !== 'GET' || pathname !== '/token') return refuse(404, 'UNSUPPORTED');
  const [username = '', password] = basicOf(request.headers.authorization);
  const user = users.find((each) => each.username === username && each.password === password);
  if (request.headers.authorization !== undefined && user === undefined) return refuse(401, 'UNAUTHORIZED');
  // A nobody gets a token that lets nothing happen, as from Docker Hub.
  const allowed = user === undefined ? [] : user.access.includes('write') ? ['pull', 'push', 'delete'] : ['pull'];
  const access = searchParams
    .getAll('scope')
    .flatMap((scope) => scope.split(' '))
    .map((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',').filter((action) => allowed.includes(action)) };
    });
  return { status: 200, body: { token: tokenFor(username, access), expires_in: 300 } };
}

function basicOf(header = ''): readonly string[] {
  const pair = Buffer.from(/^Basic (.+)$/.exec(header)?.[1] ?? '', 'base64').toString();
  const colon = pair.indexOf(':');
  return [pair.slice(0, Math.max(colon, 0)), pair.slice(colon + 1)];
}

function refuse(status: number, code: string): { readonly status: number; readonly body: unknown } {
  return { status, body: { errors: [{ code, message: 'no token for this request' }] } };
}

function tokenFor(sub: string, access: unknown): string {
  const now = Math.floor(Date.now() / 1000);
  const x5c = [new X509Certificate(testCertificate.cert).raw.toString('base64')];
  const claims = { iss: issuer, sub, aud: service, exp: now + 300, nbf: now - 10, iat: now, jti: randomUUID(), access };
  const text = [{ typ: 'JWT', alg: 'ES256', x5c }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
