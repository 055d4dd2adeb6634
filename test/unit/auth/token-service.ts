import type { SeenRequest, TestServer } from '../http/support.js';
import { startServer } from '../http/support.js';

/** What a token service answers to one request. */
export interface TokenReply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}

/** Starts a token service; texts are sent as they are, anything else as JSON. */
export async function startTokenService(
  reply: (request: SeenRequest, count: number) => TokenReply,
): Promise<TestServer> {
  return await startServer((request, response, count) => {
    const { status = 200, headers = {}, body } = reply(request, count);
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

/** What a registry with tokens is made of. */
export interface BearerRegistry {
  /** URL of the token service. */
  readonly realm: () => string;
  /** Tokens that are taken; every other gets a challenge. */
  readonly accepts: (token: string, request: SeenRequest) => boolean;
  /** Replaces the parameters after the realm. */
  readonly parameters?: string;
}

/** Starts a registry that asks for tokens of a service. */
export async function startBearerRegistry(setup: BearerRegistry): Promise<TestServer> {
  const { realm, accepts, parameters = 'service="r",scope="repository:team/app:pull"' } = setup;
  return await startServer((request, response) => {
    const token = request.headers.authorization?.replace(/^Bearer /, '');
    if (token !== undefined && accepts(token, request)) response.end('ok');
    else response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${realm()}",${parameters}` }).end('who?');
  });
}
