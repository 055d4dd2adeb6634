import { sleep } from '../content/abort.js';
import type { CallScope } from '../content/call-scope.js';
import { RegistryError } from '../errors/index.js';
import type { Logger } from '../telemetry/logger.js';
import type { RateGate } from './rate-gate.js';
import { redactUrl } from './redact.js';
import { parseRetryAfter } from './retry-after.js';
import { isTransient } from './transport-error.js';
import type { RegistryRequest, ResponseHeaders, RetryPolicy } from './types.js';

/** The policy that holds where the caller says nothing. */
export const defaultRetryPolicy: RetryPolicy = {
  maxRetries: 4,
  baseDelayMs: 250,
  maxDelayMs: 10_000,
  maxRetryAfterMs: 60_000,
};

/** What {@link withRetries} needs. */
export interface RetryOptions<Answer> {
  readonly policy: RetryPolicy;
  readonly gate: RateGate;
  readonly method: RegistryRequest['method'];
  readonly url: URL;
  /** True where a method that is idempotent by itself is not, with what it carries. */
  readonly once?: boolean | undefined;
  readonly scope: CallScope;
  readonly logger: Logger;
  /** Sends the request once. */
  readonly attempt: () => Promise<Answer>;
  /** Gets rid of an answer that is not returned; absent where nothing is left of it. */
  readonly discard?: ((answer: Answer) => Promise<void>) | undefined;
}

const idempotent = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/**
 * Sends a request again while that can help: 408, 5xx but 501, and broken connections for idempotent methods; 429 for
 * every method, since such a request was not carried out.
 *
 * @returns the last answer, whatever its status
 * @throws what the last attempt threw; {@link RegistryError} `ERR_OCI_RATE_LIMITED` where others were answered 429 so
 * often that waiting with them exceeds the policy
 */
export async function withRetries<Answer extends { readonly status: number; readonly headers: ResponseHeaders }>(
  options: RetryOptions<Answer>,
): Promise<Answer> {
  const { policy, gate, method, scope, logger } = options;
  const mayRepeat = options.once !== true && idempotent.has(method);
  const longestMs = Math.max(policy.maxRetryAfterMs, policy.maxDelayMs);
  let gateMs = longestMs * policy.maxRetries;
  for (let retry = 0; ; retry++) {
    const arrivedAt = performance.now();
    if (!(await gate.pass(scope, Math.min(longestMs, gateMs)))) throw turnedAway(options);
    gateMs -= performance.now() - arrivedAt;
    const last = retry >= policy.maxRetries;
    let waitMs = pauseMs(policy, retry);
    let reason: string;
    try {
      const answer = await options.attempt();
      if (!isWorthRetrying(answer.status, mayRepeat)) return answer;
      const askedMs = parseRetryAfter(answer.headers.get('retry-after'), Date.now()) ?? 0;
      if (askedMs > policy.maxRetryAfterMs) return answer;
      waitMs = Math.max(waitMs, askedMs);
      if (answer.status === 429 && policy.maxRetries > 0) gate.close(Math.max(longestPauseMs(policy, retry), askedMs));
      if (last) return answer;
      reason = String(answer.status);
      await options.discard?.(answer);
    } catch (error) {
      if (last || !mayRepeat || !isTransient(error)) throw error;
      reason = (error as Error).message;
    }
    const next = `retry ${retry + 1} of ${policy.maxRetries} in ${waitMs} ms`;
    logger.debug(`${method} ${redactUrl(options.url)}: ${reason}; ${next}`);
    await sleep(waitMs, scope.signal);
  }
}

/** Chooses how long to wait before the next attempt: whole milliseconds, with full jitter. */
export function pauseMs(policy: RetryPolicy, retry: number): number {
  return Math.ceil(Math.random() * longestPauseMs(policy, retry));
}

function longestPauseMs(policy: RetryPolicy, retry: number): number {
  return Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** retry);
}

function turnedAway(options: Pick<RetryOptions<never>, 'method' | 'url' | 'gate'>): RegistryError {
  const { method, url, gate } = options;
  const redacted = redactUrl(url);
  return new RegistryError(
    'ERR_OCI_RATE_LIMITED',
    `${method} ${redacted} was not sent: ${url.host} answers other requests with 429, for longer than retry.maxRetryAfterMs lets one wait`,
    {
      method,
      url: redacted,
      status: 429,
      retryAfterMs: gate.closedForMs,
      hint: 'wait and try again, log in for a higher limit, or lower the concurrency',
    },
  );
}

function isWorthRetrying(status: number, mayRepeat: boolean): boolean {
  if (status === 429) return true;
  return mayRepeat && (status === 408 || (status >= 500 && status !== 501));
}
