import type { Limits } from '../content/limits.js';
import { readBounded } from '../content/read.js';
import { isOciError } from '../errors/index.js';
import { createCallScope } from '../http/call-scope.js';
import { addressRefusedCode } from '../http/guarded-lookup.js';
import { RateGate } from '../http/rate-gate.js';
import { redactUrl } from '../http/redact.js';
import { firstHop, type Hop, nextHop } from '../http/redirect.js';
import { discardBody, openResponseBody, readCut } from '../http/response-body.js';
import { errorFromBytes } from '../http/response-error.js';
import { withRetries } from '../http/retry.js';
import { requestTimeout, toTransportError } from '../http/transport-error.js';
import type { BufferedResponse, RetryPolicy, Timeouts, TlsOptions } from '../http/types.js';
import { createTransport, type Dispatcher, type WireResponse } from '../http/undici-send.js';
import type { Logger } from '../telemetry/logger.js';
import { basicHeader } from './basic-header.js';
import type { Credentials } from './credentials.js';
import { assertRealm, realmRefused, type TokenRealms } from './realm.js';
import { parseTokenAnswer, type RegistryToken } from './token-answer.js';

/** Options of {@link createTokenClient}. */
export interface TokenClientOptions {
  /** Origin of the registry the tokens are for. */
  readonly origin: string;
  readonly tokenRealms: TokenRealms;
  readonly tls?: TlsOptions | undefined;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly dispatcher?: Dispatcher | undefined;
}

/** What to ask a token service for. */
export interface TokenRequest {
  /** The token service, already checked. */
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  /** Credentials the service takes; none asks for an anonymous token. */
  readonly credentials: Exclude<Credentials, { token: string } | { anonymous: true }> | undefined;
  readonly signal: AbortSignal;
}

/** Fetches a token; throws the refusal of the service as a `RegistryError`. */
export type TokenClient = (request: TokenRequest) => Promise<RegistryToken>;

interface TokenMessage {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** True when the message proves who is asking; such a message stays at its origin. */
  readonly secret: boolean;
}

/** What services answer that know no OAuth2 POST; the specification names 404 alone. */
const noOAuth2 = new Set([400, 401, 404, 405]);
const clientId = 'oci-referrers';

/**
 * Creates the client for the token services of one registry.
 *
 * @remarks A token service gets the credential for the registry and nothing else the registry is configured with, but
 * for TLS settings where it is the very same origin.
 */
export function createTokenClient(options: TokenClientOptions): TokenClient {
  const send = createTokenSender(options);
  // A service may replace the refresh token with each use; the one that was configured works no more then.
  const rotated = new Map<string, string>();

  const exchangeIdentity = async (request: TokenRequest, given: string): Promise<RegistryToken> => {
    const identityToken = rotated.get(given) ?? given;
    const askedAtMs = Date.now();
    const answer = await send(refreshMessage(request, identityToken), request.signal);
    if (noOAuth2.has(answer.status)) {
      return await getToken(request, basicHeader({ username: '<token>', password: identityToken }));
    }
    const token = readToken(answer, askedAtMs);
    if (token.refreshToken !== undefined) rotated.set(given, token.refreshToken);
    return token;
  };

  const getToken = async (request: TokenRequest, authorization: string | undefined): Promise<RegistryToken> => {
    const askedAtMs = Date.now();
    return readToken(await send(getMessage(request, authorization), request.signal), askedAtMs);
  };

  const readToken = (answer: BufferedResponse, askedAtMs: number): RegistryToken => {
    if (answer.status < 200 || answer.status > 299) {
      const { host } = new URL(options.origin);
      throw errorFromBytes(answer, 'get a token for', host, options.limits.maxErrorBytes);
    }
    return parseTokenAnswer(answer.bytes, askedAtMs, answer.url.host);
  };

  return async (request) => {
    const { credentials } = request;
    if (credentials === undefined) return await getToken(request, undefined);
    if ('identityToken' in credentials) return await exchangeIdentity(request, credentials.identityToken);
    return await getToken(request, basicHeader(credentials));
  };
}

function getMessage(request: TokenRequest, authorization: string | undefined): TokenMessage {
  const url = new URL(request.realm);
  if (request.service !== undefined) url.searchParams.set('service', request.service);
  for (const scope of request.scopes) url.searchParams.append('scope', scope);
  const secret = authorization !== undefined;
  return { method: 'GET', url, headers: secret ? { authorization } : {}, secret };
}

function refreshMessage(request: TokenRequest, refreshToken: string): TokenMessage {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken });
  if (request.service !== undefined) form.set('service', request.service);
  if (request.scopes.length > 0) form.set('scope', request.scopes.join(' '));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url: request.realm, headers, body: Buffer.from(form.toString()), secret: true };
}

/** Sends messages to token services: retries, deadline, redirects by the rules for realms, bounded answers. */
function createTokenSender(
  options: TokenClientOptions,
): (message: TokenMessage, signal: AbortSignal) => Promise<BufferedResponse> {
  const { origin, timeouts, limits, logger } = options;
  const gate = new RateGate(0);
  const transport = createTransport({
    ...options,
    connectMs: timeouts.connectMs,
    maxConnections: limits.maxConnectionsPerHost,
    // Tokens are rare: no connection is kept, so there is nothing to close.
    keepAlive: false,
  });

  const sendOnce = async (message: TokenMessage, hop: Hop, signal: AbortSignal): Promise<WireResponse> => {
    const secret = hop.leftOrigin ? {} : message.headers;
    try {
      return await transport.send({
        method: message.method,
        url: hop.url,
        headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': clientId, ...secret },
        body: message.body,
        signal,
        foreign: hop.leftOrigin || hop.url.origin !== origin,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw toTokenError(error, message, hop.url, options);
    }
  };

  const follow = async (message: TokenMessage, signal: AbortSignal): Promise<BufferedResponse> => {
    const { method, url } = message;
    const trail = { method, origin: url.origin, maxRedirects: limits.maxRedirects, visited: new Set<string>() };
    for (let hop = firstHop(method, url, url.origin); ; ) {
      const answer = await sendOnce(message, hop, signal);
      const next = await stepOn(answer, hop, trail, message, options);
      if (next === undefined) return await readAnswer(answer, hop, message, signal, options);
      hop = next;
    }
  };

  return async (message, signal) =>
    await withRetries({
      policy: options.retry,
      gate,
      method: message.method,
      what: `${message.method} ${redactUrl(message.url)}`,
      signal,
      logger,
      attempt: async () => {
        const sending = { ...message, timeouts };
        const deadline = { afterMs: timeouts.requestMs, error: () => requestTimeout(sending) };
        const scope = createCallScope([signal], deadline);
        try {
          return await follow(message, scope.signal);
        } finally {
          scope.dispose();
        }
      },
    });
}

async function stepOn(
  answer: WireResponse,
  hop: Hop,
  trail: Parameters<typeof nextHop>[2],
  message: TokenMessage,
  options: TokenClientOptions,
): Promise<Hop | undefined> {
  try {
    const next = nextHop(answer, hop, trail);
    if (next === undefined) return undefined;
    assertRealm(next.url, options.origin, options.tokenRealms);
    if (next.leftOrigin && message.secret) {
      throw realmRefused(options.origin, redactUrl(hop.url), `redirects a credential to ${next.url.origin}`);
    }
    await discardBody(answer.body);
    return next;
  } catch (error) {
    answer.body.on('error', () => undefined).destroy();
    throw toTokenError(error, message, hop.url, options);
  }
}

async function readAnswer(
  answer: WireResponse,
  hop: Hop,
  message: TokenMessage,
  signal: AbortSignal,
  options: TokenClientOptions,
): Promise<BufferedResponse> {
  const { limits } = options;
  const body = openResponseBody(answer.body, answer.headers.get('content-encoding'), {
    mapError: (error) => (signal.aborted ? (signal.reason as Error) : toTokenError(error, message, hop.url, options)),
  });
  const { status, headers } = answer;
  const head = { method: message.method, url: hop.url, status, headers, leftOrigin: hop.leftOrigin };
  if (status < 200 || status > 299) return { ...head, ...(await readCut(body, limits.maxErrorBytes)) };
  const bound = { limitName: 'maxTokenBytes', limit: limits.maxTokenBytes };
  return { ...head, bytes: await readBounded(body, bound, 'answer of the token service'), truncated: false };
}

/** A redirect or an address that is refused on the way to a token is a realm that is refused. */
function toTokenError(error: unknown, message: TokenMessage, url: URL, options: TokenClientOptions): Error {
  const fault = toTransportError(error, { method: message.method, url, timeouts: options.timeouts });
  if (!isOciError(fault, 'ERR_OCI_REDIRECT_REFUSED')) return fault;
  const byAddress = (error as NodeJS.ErrnoException).code === addressRefusedCode;
  const reason = byAddress ? 'leads to an address where the registry is not' : 'redirects where it must not';
  return realmRefused(options.origin, redactUrl(url), reason, error);
}
