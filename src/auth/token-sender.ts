import { CallScope } from '../content/call-scope.js';
import type { Limits } from '../content/limits.js';
import { tooLarge } from '../content/read.js';
import { isOciError, TransportError } from '../errors/index.js';
import { AnswerBody } from '../http/answer-body.js';
import { addressRefusedCode } from '../http/guarded-lookup.js';
import type { ChooseProxy } from '../http/proxy.js';
import { RateGate } from '../http/rate-gate.js';
import { redactUrl } from '../http/redact.js';
import { firstHop, type Hop, nextHop, type RedirectTrail } from '../http/redirect.js';
import { withRetries } from '../http/retry.js';
import { requestTimeout, toTransportError } from '../http/transport-error.js';
import type { BufferedResponse, RetryPolicy, Timeouts, TlsOptions } from '../http/types.js';
import { createTransport, type Dispatcher, type Transport, type WireResponse } from '../http/undici-send.js';
import type { Logger } from '../telemetry/logger.js';
import { assertRealm, realmRefused, type TokenRealms } from './realm.js';

/** Options of {@link createTokenSender}. */
export interface TokenSenderOptions {
  /** Origin of the registry the tokens are for. */
  readonly origin: string;
  /** The registry as its users know it: `host[:port]`, `docker.io` for Docker Hub. */
  readonly host: string;
  /** Which token services may be asked. */
  readonly tokenRealms: TokenRealms;
  /** TLS settings of the registry; the client certificate is shown to its very origin alone. */
  readonly tls?: TlsOptions | undefined;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Finds the proxy for a URL, which then looks names up: addresses behind them are not checked. */
  readonly proxyFor?: ChooseProxy | undefined;
  /** A dispatcher of the caller's; addresses behind names are not checked then. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** One message to a token service. */
export interface TokenMessage {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** True when the message proves who is asking; such a message stays at its origin as a whole. */
  readonly hasSecret: boolean;
}

/** Sends one message and reads the answer, whatever its status. */
export type TokenSender = (message: TokenMessage, signal: AbortSignal) => Promise<BufferedResponse>;

/** How this package calls itself. */
export const tokenClientId: string = 'oci-referrers';

/**
 * Creates what talks to token services: retries, deadline, redirects by the rules for realms, bounded answers.
 *
 * @remarks A token service gets the credential for the registry and nothing else the registry is configured with.
 */
export function createTokenSender(options: TokenSenderOptions): TokenSender {
  const { timeouts, limits, retry: policy, logger, host } = options;
  const gate = new RateGate(0);
  const transport = createTransport({
    ...options,
    connectMs: timeouts.connectMs,
    maxConnections: limits.maxConnectionsPerHost,
    // Tokens are rare: no connection is kept, so there is nothing to close.
    keepAlive: false,
  });
  const attempt = async (message: TokenMessage, call: CallScope): Promise<BufferedResponse> => {
    const error = (): Error => requestTimeout({ ...message, timeouts });
    const scope = new CallScope([call], { afterMs: timeouts.requestMs, error });
    try {
      return await follow({ transport, options, message, scope });
    } finally {
      scope.dispose();
    }
  };
  return async (message, signal) => {
    const { method, url } = message;
    const scope = new CallScope([signal]);
    try {
      return await withRetries({ policy, gate, method, url, scope, logger, attempt: () => attempt(message, scope) });
    } catch (cause) {
      if (signal.aborted || !isOciError(cause)) throw cause;
      if (cause.code !== 'ERR_OCI_NETWORK' && cause.code !== 'ERR_OCI_TIMEOUT') throw cause;
      // Wrapped, it is not taken for a fault of the registry's own connection, which would be retried once more.
      const { code, message: reason, hint } = cause;
      throw new TransportError(code, `get a token for ${host}: ${reason}`, {
        method,
        url: redactUrl(url),
        cause,
        hint,
      });
    } finally {
      scope.dispose();
    }
  };
}

interface TokenCall {
  readonly transport: Transport;
  readonly options: TokenSenderOptions;
  readonly message: TokenMessage;
  readonly scope: CallScope;
}

async function follow(call: TokenCall): Promise<BufferedResponse> {
  const { method, url } = call.message;
  const { maxRedirects } = call.options.limits;
  const trail: RedirectTrail = { method, origin: url.origin, maxRedirects, visited: [] };
  for (let hop = firstHop(method, url, url.origin); ; ) {
    const answer = await sendOnce(call, hop);
    const next = await stepOn(call, answer, hop, trail);
    if (next === undefined) return await readAnswer(call, answer, hop);
    hop = next;
  }
}

async function sendOnce(call: TokenCall, hop: Hop): Promise<WireResponse> {
  const { message, scope, transport, options } = call;
  try {
    return await transport.send({
      method: message.method,
      url: hop.url,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': tokenClientId,
        ...message.headers,
      },
      body: message.body,
      scope,
      foreign: hop.leftOrigin || hop.url.origin !== options.origin,
    });
  } catch (error) {
    scope.throwIfOver();
    throw toTokenError(error, call, hop);
  }
}

async function stepOn(call: TokenCall, answer: WireResponse, hop: Hop, trail: RedirectTrail): Promise<Hop | undefined> {
  const { origin, tokenRealms } = call.options;
  try {
    const next = nextHop(answer, hop, trail);
    if (next === undefined) return undefined;
    assertRealm(next.url, origin, tokenRealms);
    if (next.leftOrigin && call.message.hasSecret) {
      throw realmRefused(origin, redactUrl(hop.url), `redirects a credential to ${next.url.origin}`);
    }
    await answer.body.discard();
    return next;
  } catch (error) {
    answer.body.destroy();
    throw toTokenError(error, call, hop);
  }
}

async function readAnswer(call: TokenCall, answer: WireResponse, hop: Hop): Promise<BufferedResponse> {
  const { scope, message } = call;
  const { maxErrorBytes, maxTokenBytes } = call.options.limits;
  const { status, headers } = answer;
  const body = new AnswerBody(answer.body, {
    coding: headers.get('content-encoding'),
    faultOf: (error) => (scope.isOver ? (scope.reason as Error) : toTokenError(error, call, hop)),
  });
  const head = { method: message.method, url: hop.url, status, headers, leftOrigin: hop.leftOrigin };
  if (status < 200 || status > 299) return { ...head, ...(await body.collect(maxErrorBytes)) };
  const { bytes, truncated } = await body.collect(maxTokenBytes);
  const bound = { limitName: 'maxTokenBytes', limit: maxTokenBytes };
  if (truncated) throw tooLarge(bound, 'answer of the token service');
  return { ...head, bytes, truncated };
}

/** A redirect or an address that is refused on the way to a token is a realm that is refused. */
function toTokenError(error: unknown, call: TokenCall, hop: Hop): Error {
  const { options, message } = call;
  const fault = toTransportError(error, { method: message.method, url: hop.url, timeouts: options.timeouts });
  if (!isOciError(fault, 'ERR_OCI_REDIRECT_REFUSED')) return fault;
  const byAddress = (error as NodeJS.ErrnoException).code === addressRefusedCode;
  const reason = byAddress ? 'leads to an address where the registry is not' : 'redirects where it must not';
  return realmRefused(options.origin, redactUrl(hop.url), reason, error);
}
