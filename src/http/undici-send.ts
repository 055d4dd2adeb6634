import type { Readable } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { Agent, Dispatcher } from 'undici';
import { ProtocolError } from '../errors/index.js';
import { whileAllowed } from './call-scope.js';
import { createGuardedLookup } from './guarded-lookup.js';
import { conflictingHeader, createResponseHeaders } from './headers.js';
import { redactUrl } from './redact.js';
import type { ResponseHeaders, TlsOptions } from './types.js';

export type { Dispatcher } from 'undici';

/** One message on the wire; no credentials, redirects or retries are added here. */
export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Readable | undefined;
  /** Gives up on everything: waiting for a connection, the answer, and its body. */
  readonly signal: AbortSignal;
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
  readonly body: Readable;
}

/** Connections to one origin, and others that know nothing of it. */
export interface Transport {
  /** Sends one message; rejects with the signal's reason, or with what undici threw. */
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
  /** Used for everything instead of own connections. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** Creates the connections of one origin; undici is loaded with the first request. */
export function createTransport(options: TransportOptions): Transport {
  const agents = new Map<boolean, Promise<Agent>>();
  const agentFor = async (foreign: boolean): Promise<Dispatcher> => {
    if (options.dispatcher !== undefined) return options.dispatcher;
    const agent = agents.get(foreign) ?? createAgent(options, foreign);
    agents.set(foreign, agent);
    return await agent;
  };
  return {
    async send(request) {
      request.signal.throwIfAborted();
      const dispatcher = await agentFor(request.foreign);
      // undici does not look at the signal of a request that waits for a connection: stop waiting ourselves.
      const answer = await whileAllowed(dispatch(dispatcher, request, options), request.signal);
      const headers = createResponseHeaders(answer.headers);
      assertUnambiguous(request, answer, headers);
      return { status: answer.statusCode, headers, body: answer.body };
    },
    async close() {
      const open = [...agents.values()];
      agents.clear();
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
function assertUnambiguous(request: WireRequest, answer: Dispatcher.ResponseData, headers: ResponseHeaders): void {
  const name = answer.statusCode < 400 ? conflictingHeader(headers) : undefined;
  if (name === undefined) return;
  answer.body.on('error', () => undefined).destroy();
  throw new ProtocolError(
    'ERR_OCI_BAD_HEADER',
    `${request.method} ${redactUrl(request.url)} was answered with more than one ${name}`,
    { hint: 'look for a proxy before the registry that adds headers of its own' },
  );
}

async function dispatch(
  dispatcher: Dispatcher,
  request: WireRequest,
  options: TransportOptions,
): Promise<Dispatcher.ResponseData> {
  return await dispatcher.request({
    origin: request.url.origin,
    path: `${request.url.pathname}${request.url.search}`,
    method: request.method,
    headers: request.headers,
    body: request.body ?? null,
    signal: request.signal,
    // Deadlines and the floor under a blob's progress are ours: undici's body timeout starts anew with every byte.
    headersTimeout: request.answerMs ?? 0,
    bodyTimeout: 0,
    reset: options.keepAlive === false,
  });
}

/**
 * Creates an agent for the origin, or for every other one.
 *
 * @remarks An agent shows its client certificate to whoever it connects to, so other origins get an agent without one.
 * They are always verified, with the registry's own authorities too, since a token service or a store inside the same house
 * is often signed by the same one.
 */
async function createAgent(options: TransportOptions, foreign: boolean): Promise<Agent> {
  const { Agent } = await import('undici');
  const { ca, cert, key, rejectUnauthorized } = options.tls ?? {};
  const tls = foreign
    ? { lookup: createGuardedLookup(new URL(options.origin).hostname), ...(await trustAndIdentity({ ca })) }
    : {
        ...(await trustAndIdentity({ ca, cert, key })),
        ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      };
  return new Agent({ connections: options.maxConnections, connect: { timeout: options.connectMs, ...tls } });
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
