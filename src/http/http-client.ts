import { CallScope } from '../content/call-scope.js';
import type { Limits } from '../content/limits.js';
import { type ByteLimit, tooLarge } from '../content/read.js';
import { OciError } from '../errors/index.js';
import type { Logger } from '../telemetry/logger.js';
import { type Answer, type ExchangeContext, exchange } from './exchange.js';
import { lowerCaseNames } from './headers.js';
import type { ChooseProxy } from './proxy.js';
import { RateGate } from './rate-gate.js';
import { cleanBody, redactUrl } from './redact.js';
import { withRetries } from './retry.js';
import type {
  Authorizer,
  BufferedResponse,
  HttpClient,
  RegistryRequest,
  RegistryResponse,
  RegistryWarning,
  ResponseHeaders,
  RetryPolicy,
  Timeouts,
  TlsOptions,
} from './types.js';
import { createTransport, type Dispatcher, type Transport } from './undici-send.js';
import { parseWarnings } from './warning-header.js';

/** Options of {@link createHttpClient}. */
export interface HttpClientOptions {
  /** `scheme://host[:port]` the client belongs to. */
  readonly origin: string;
  /** Headers for every request to the origin; they are sent nowhere else. */
  readonly headers: Readonly<Record<string, string>>;
  /** TLS settings of the origin; the client certificate is shown to it alone. */
  readonly tls?: TlsOptions | undefined;
  /** Finds credentials; none sends every request without. */
  readonly authorizer?: Authorizer | undefined;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Called for each `Warning: 299` of the origin, each text once. */
  readonly onWarning?: ((warning: RegistryWarning) => void) | undefined;
  /** Finds the proxy for a URL; none reaches every URL directly. */
  readonly proxyFor?: ChooseProxy | undefined;
  /** A dispatcher of the caller's that can reach any origin; it is never closed here. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** Warnings that are remembered so that each is passed on once. */
const maxRememberedWarnings = 256;

/** Creates the client of one origin. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  return new OriginClient(options);
}

class OriginClient implements HttpClient {
  readonly origin: string;
  readonly #options: HttpClientOptions;
  readonly #transport: Transport;
  readonly #context: ExchangeContext;
  readonly #gate: RateGate;
  readonly #closing = new AbortController();
  readonly #warned = new Set<string>();

  constructor(options: HttpClientOptions) {
    const { tls, authorizer, retry, timeouts, limits, logger, proxyFor, dispatcher } = options;
    this.origin = new URL(options.origin).origin;
    this.#options = options;
    this.#gate = new RateGate(retry.baseDelayMs / 10);
    this.#transport = createTransport({
      origin: this.origin,
      tls,
      connectMs: timeouts.connectMs,
      maxConnections: limits.maxConnectionsPerHost,
      proxyFor,
      dispatcher,
    });
    const headers = lowerCaseNames(options.headers);
    this.#context = { origin: this.origin, headers, authorizer, transport: this.#transport, timeouts, limits, logger };
  }

  async request(request: RegistryRequest): Promise<RegistryResponse> {
    const scope = this.#scopeOf(request);
    try {
      const answer = await this.#run<Answer>(request, scope, (open) => open, discardAnswer);
      answer.body.whenClosed(() => {
        scope.dispose();
      });
      return answer;
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }

  async requestBytes(request: RegistryRequest, bound: ByteLimit): Promise<BufferedResponse> {
    const scope = this.#scopeOf(request);
    try {
      return await this.#run(request, scope, (open) => readAnswer(open, bound));
    } finally {
      scope.dispose();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(
      new OciError('ERR_OCI_CLOSED', `the client of ${this.origin} was closed`, {
        hint: 'close a resolver only when everything it was used for has ended',
      }),
    );
    await this.#transport.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #scopeOf({ signal }: RegistryRequest): CallScope {
    return new CallScope([signal, this.#closing.signal]);
  }

  async #run<Result extends { readonly status: number; readonly headers: ResponseHeaders }>(
    request: RegistryRequest,
    scope: CallScope,
    read: (answer: Answer) => Result | Promise<Result>,
    discard?: (result: Result) => Promise<void>,
  ): Promise<Result> {
    scope.throwIfOver();
    const { retry: policy, logger } = this.#options;
    return await withRetries({
      policy,
      gate: this.#gate,
      method: request.method,
      url: request.url,
      once: request.once,
      scope,
      logger,
      attempt: async () => {
        const answer = await exchange(this.#context, request, scope);
        if (!answer.leftOrigin) this.#passWarningsOn(answer);
        return await read(answer);
      },
      discard,
    });
  }

  #passWarningsOn({ headers, withoutCredential }: Answer): void {
    const { onWarning, logger } = this.#options;
    if (onWarning === undefined) return;
    for (const text of parseWarnings(headers, withoutCredential)) {
      if (this.#warned.has(text) || this.#warned.size >= maxRememberedWarnings) continue;
      this.#warned.add(text);
      try {
        onWarning({ host: new URL(this.origin).host, text });
      } catch (error) {
        // The answer is as good as it was, and its body has to reach somebody who reads it.
        logger.debug(`onWarning failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}

async function discardAnswer(answer: Answer): Promise<void> {
  await answer.body.discard();
}

async function readAnswer(answer: Answer, bound: ByteLimit): Promise<BufferedResponse> {
  const { method, url, status, headers, leftOrigin, withoutCredential } = answer;
  const { bytes, truncated } = await answer.body.collect(bound.limit);
  const head = { method, url, status, headers, leftOrigin };
  if (status < 200 || status > 299) {
    return { ...head, bytes: cleanBody(bytes, withoutCredential), truncated: truncated || answer.cut === true };
  }
  if (truncated) throw tooLarge(bound, `answer to ${method} ${redactUrl(url)}`);
  return { ...head, bytes, truncated };
}
