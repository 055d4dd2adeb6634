import type { Readable } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { Agent, Dispatcher } from 'undici';
import type { CallScope } from '../content/call-scope.js';
import { ProtocolError } from '../errors/index.js';
import { createGuardedLookup } from './guarded-lookup.js';
import { conflictingHeader, createResponseHeaders } from './headers.js';
import { loadUndici } from './load-undici.js';
import type { ChooseProxy, ProxyServer } from './proxy.js';
import { proxyRefused } from './proxy-faults.js';
import { redactUrl } from './redact.js';
import type { ResponseHeaders, TlsOptions } from './types.js';
import type { WireBody } from './wire-body.js';
import { receive, receiveFrom, type SentRequest, type WireAnswer } from './wire-receiver.js';

export type { Dispatcher } from 'undici';

/** One message on the wire; no credentials, redirects or retries are added here. */
export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Readable | undefined;
  /** Gives up on everything: waiting for a connection, the answer, and its body. */
  readonly scope: CallScope;
  /** Milliseconds from the last byte sent to the headers of the answer; absent leaves it to the signal. */
  readonly answerMs?: number | undefined;
  /** True for a request that must not use what belongs to the origin: its connections and client certificate. */
  readonly foreign: boolean;
}

/** The answer to a {@link WireRequest}. */
export interface WireResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Encoded body; the caller reads it to its end or destroys it. */
  readonly body: WireBody;
}

/** Connections to one origin, and others that know nothing of it. */
export interface Transport {
  /** Sends one message; rejects with the reason of whoever gave up, or with what undici threw. */
  send(request: WireRequest): Promise<WireResponse>;
  /** Ends every connection; a dispatcher of the caller is left alone. */
  close(): Promise<void>;
}

/** Options of {@link createTransport}. */
export interface TransportOptions {
  /** `scheme://host[:port]` that the TLS settings belong to. */
  readonly origin: string;
  readonly tls?: TlsOptions | undefined;
  /** Milliseconds to connect, TLS included. */
  readonly connectMs: number;
  /** Connections kept to one origin. */
  readonly maxConnections: number;
  /** False closes every connection after one request; true by default. */
  readonly keepAlive?: boolean | undefined;
  /** Finds the proxy for a URL; every URL is reached directly when absent. */
  readonly proxyFor?: ChooseProxy | undefined;
  /** Used for everything instead of own connections. */
  readonly dispatcher?: Dispatcher | undefined;
}

type Agents = Map<ProxyServer | undefined, Promise<Agent>>;

/** Creates the connections of one origin; undici is loaded with the first request. */
export function createTransport(options: TransportOptions): Transport {
  const own: Agents = new Map();
  const foreign: Agents = new Map();
  const closing = new AbortController();
  const agentFor = async (request: WireRequest, proxy: ProxyServer | undefined): Promise<Agent> => {
    const agents = request.foreign ? foreign : own;
    const agent = agents.get(proxy) ?? createAgent(options, request.foreign, proxy, closing.signal);
    agents.set(proxy, agent);
    return await agent;
  };
  return {
    async send(request) {
      request.scope.throwIfOver();
      const proxy = options.proxyFor?.(request.url);
      const lines = linesOf(request, options, proxy);
      const answer =
        options.dispatcher === undefined
          ? await receive(await agentFor(request, proxy), lines, request.scope)
          : await receiveFrom(options.dispatcher, lines, request.scope);
      assertNoProxyLogin(request, answer, proxy);
      const headers = createResponseHeaders(answer.headers);
      assertUnambiguous(request, answer, headers);
      return { status: answer.status, headers, body: answer.body };
    },
    async close() {
      const open = [...own.values(), ...foreign.values()];
      own.clear();
      foreign.clear();
      closing.abort();
      await Promise.all(
        open.map(async (agent) => {
          // With a certificate that cannot be used there is no agent.
          await (await agent.catch(() => undefined))?.destroy();
        }),
      );
    },
  };
}

/** An answer that is an error is judged by its status, and may come from whatever stands before the registry. */
function assertUnambiguous(request: WireRequest, answer: WireAnswer, headers: ResponseHeaders): void {
  const name = answer.status < 400 ? conflictingHeader(headers) : undefined;
  if (name === undefined) return;
  answer.body.destroy();
  throw new ProtocolError(
    'ERR_OCI_BAD_HEADER',
    `${request.method} ${redactUrl(request.url)} was answered with more than one ${name}`,
    { hint: 'look for a proxy before the registry that adds headers of its own' },
  );
}

/** In a tunnel it would be an answer of the origin. */
function assertNoProxyLogin({ url }: WireRequest, answer: WireAnswer, proxy?: ProxyServer): void {
  if (proxy === undefined || url.protocol !== 'http:' || answer.status !== 407) return;
  answer.body.destroy();
  throw proxyRefused(proxy, url.host, answer.status);
}

function linesOf(request: WireRequest, options: TransportOptions, proxy: ProxyServer | undefined): SentRequest {
  const { origin, path, headers } =
    proxy === undefined || request.url.protocol !== 'http:' ? directly(request) : forwarded(request, proxy);
  return {
    origin,
    path,
    headers,
    method: request.method,
    body: request.body ?? null,
    // Deadlines and the floor under a blob's progress are ours: undici's body timeout starts anew with every byte.
    headersTimeout: request.answerMs ?? 0,
    bodyTimeout: 0,
    reset: options.keepAlive === false,
  };
}

type Line = Pick<WireRequest, 'headers'> & Pick<SentRequest, 'origin' | 'path'>;

function directly({ url, headers }: WireRequest): Line {
  return { origin: url.origin, path: `${url.pathname}${url.search}`, headers };
}

/** Without TLS a proxy is sent the request itself (RFC 9112, section 3.2.2): few let anybody tunnel to such ports. */
function forwarded({ url, headers }: WireRequest, proxy: ProxyServer): Line {
  const login = proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization };
  return {
    // Plain as far as undici is concerned: TLS with the proxy, where it has any, is the connector's.
    origin: `http://${proxy.url.host}`,
    path: `${url.origin}${url.pathname}${url.search}`,
    headers: { ...headers, host: url.host, ...login },
  };
}

/**
 * Creates an agent for the origin, or for every other one.
 *
 * @remarks An agent shows its client certificate to whoever it connects to, so other origins get an agent without one.
 * They are always verified, with the registry's own authorities too, since a token service or a store inside the same house
 * is often signed by the same one.
 */
async function createAgent(
  options: TransportOptions,
  foreign: boolean,
  proxy: ProxyServer | undefined,
  closing: AbortSignal,
): Promise<Agent> {
  const { Agent, buildConnector } = await loadUndici();
  const { ca, cert, key, rejectUnauthorized } = options.tls ?? {};
  const { connectMs, maxConnections } = options;
  const tls = foreign
    ? { lookup: createGuardedLookup(new URL(options.origin).hostname), ...(await trustAndIdentity({ ca })) }
    : {
        ...(await trustAndIdentity({ ca, cert, key })),
        ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      };
  const connect = { timeout: connectMs, ...tls };
  if (proxy === undefined) return new Agent({ connections: maxConnections, connect });
  const { createProxyConnector } = await import('./proxy-connector.js');
  // To the proxy goes no client certificate, and names behind it are not ours to look up.
  const { secureContext } = proxy.url.protocol === 'https:' ? await trustAndIdentity({ ca }) : {};
  const through = { connectMs, secureContext, secure: buildConnector(connect), signal: closing };
  return new Agent({ connections: maxConnections, connect: createProxyConnector(proxy, through) });
}

/** Made once for every connection of an agent: Node takes tens of milliseconds to read its own authorities. */
async function trustAndIdentity({ ca = [], cert, key }: TlsOptions): Promise<{ secureContext?: SecureContext }> {
  const authorities = [ca].flat();
  if (authorities.length === 0 && cert === undefined && key === undefined) return {};
  const { createSecureContext, rootCertificates } = await import('node:tls');
  const secureContext = createSecureContext({
    ...(authorities.length > 0 && { ca: [...rootCertificates, ...authorities] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
  return { secureContext };
}
