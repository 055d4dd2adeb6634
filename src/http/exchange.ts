import { CallScope } from '../content/call-scope.js';
import type { Limits } from '../content/limits.js';
import type { Logger } from '../telemetry/logger.js';
import { AnswerBody } from './answer-body.js';
import { lowerCaseNames, quotedWith } from './headers.js';
import type { ProgressFloor } from './progress-meter.js';
import { redactUrl, secretsIn, withoutSecrets } from './redact.js';
import { firstHop, type Hop, nextHop, type RedirectTrail } from './redirect.js';
import { mayRefuseToken, refusesToken } from './refused-token.js';
import { openRequestBody } from './request-body.js';
import { blobStalled, noAnswerInTime, requestTimeout, type SendContext, toTransportError } from './transport-error.js';
import type { Authorizer, RegistryRequest, RegistryResponse, Timeouts } from './types.js';
import type { Transport, WireResponse } from './undici-send.js';

/** What every exchange with one origin has in common. */
export interface ExchangeContext {
  readonly origin: string;
  /** Configured headers of the origin, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly authorizer: Authorizer | undefined;
  readonly transport: Transport;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** An answer as it goes through this room: the body of a refusal has been read already, perhaps not to its end. */
export interface Answer extends RegistryResponse {
  readonly cut?: boolean;
}

/** A challenge, a token, and one more token when the first is refused: whatever comes then is the answer. */
const maxAuthorizations = 2;
/** A registry may copy a whole blob to its place before it answers the last byte. */
const uploadAnswerWindows = 10;
/** What may be said to an origin that was never configured. */
const foreignHeaders = new Set(['accept', 'accept-encoding', 'range', 'user-agent']);
const defaultHeaders = { 'accept-encoding': 'identity', 'user-agent': 'oci-referrers' };

/** One try to get an answer. */
interface Try {
  readonly context: ExchangeContext;
  readonly request: RegistryRequest;
  readonly authorization: string | undefined;
  /** Takes what is sent as a secret out of what comes back. */
  readonly withoutCredential: (text: string) => string;
}

/** Sends a request with what the authorizer knows, and again when a challenge taught it more. */
export async function exchange(context: ExchangeContext, request: RegistryRequest, call: CallScope): Promise<Answer> {
  const { authorizer, origin } = context;
  // A configured header may be a key.
  const sent = Object.values(context.headers);
  const withoutCredential = (text: string): string => withoutSecrets(text, sent);
  const send = (authorization: string | undefined): Promise<Answer> =>
    followRedirects({ context, request, authorization, withoutCredential }, call);
  if (authorizer === undefined || request.anonymous === true) return await send(undefined);
  const target = {
    origin,
    scopes: request.scopes,
    get signal() {
      return call.signal;
    },
  };
  for (let tries = 0; ; tries++) {
    const authorization = await authorizer.authorize(target);
    if (authorization !== undefined) sent.push(...secretsIn(authorization));
    const answer = await send(authorization);
    // A token that was known before may be stale; what was fetched for this very request is not suspected.
    const mayBeStale = tries === 0 && authorization !== undefined && mayRefuseToken(answer.status);
    if ((answer.status !== 401 && !mayBeStale) || answer.leftOrigin || tries === maxAuthorizations) return answer;
    // Read before a token is asked for: the token request may need the very connection this body occupies.
    const { bytes, truncated } = await answer.body.collect(context.limits.maxErrorBytes);
    const refusal = { ...answer, body: AnswerBody.of(bytes), cut: truncated };
    if (answer.status !== 401 && !refusesToken({ ...answer, bytes })) return refusal;
    if (!(await authorizer.challenged(target, answer.headers.all('www-authenticate'), authorization))) return refusal;
  }
}

async function followRedirects(attempt: Try, call: CallScope): Promise<Answer> {
  const { context, request } = attempt;
  const { method } = request;
  const sending = { method, url: request.url, timeouts: context.timeouts };
  const timedOut = request.kind === 'metadata' ? requestTimeout : noAnswerInTime;
  const scope = new CallScope([call], { afterMs: context.timeouts.requestMs, error: () => timedOut(sending) });
  const trail = { method, origin: context.origin, maxRedirects: context.limits.maxRedirects, visited: [] };
  try {
    let hop = firstHop(method, request.url, context.origin);
    for (;;) {
      scope.arm();
      const answer = await sendOnce(attempt, hop, scope);
      const next = await stepOn(answer, hop, trail);
      if (next === undefined) return openAnswer(attempt, answer, hop, scope);
      context.logger.debug(`${method} ${redactUrl(hop.url)}: redirected to ${redactUrl(next.url)}`);
      hop = next;
    }
  } catch (error) {
    scope.dispose();
    throw error;
  }
}

/** Leaves the body of a redirect behind, also when the redirect is refused. */
async function stepOn(answer: WireResponse, hop: Hop, trail: RedirectTrail): Promise<Hop | undefined> {
  let next: Hop | undefined;
  try {
    next = nextHop(answer, hop, trail);
  } catch (error) {
    answer.body.destroy();
    throw error;
  }
  if (next !== undefined) await answer.body.discard();
  return next;
}

async function sendOnce(attempt: Try, hop: Hop, scope: CallScope): Promise<WireResponse> {
  const { context, request } = attempt;
  const sending = { method: request.method, url: hop.url, timeouts: context.timeouts };
  const onStart = (): void => {
    if (request.kind === 'blob') scope.lift();
  };
  const body = openRequestBody(request.body, { floor: floorOf(request, sending), onStart });
  try {
    const answer = await context.transport.send({
      method: request.method,
      url: hop.url,
      headers: headersFor(attempt, hop),
      body: body.body,
      scope,
      answerMs: answerMsOf(request, context.timeouts),
      foreign: hop.leftOrigin,
    });
    answer.body.whenClosed(body.dispose);
    context.logger.debug(`${request.method} ${redactUrl(hop.url)}: ${answer.status}`);
    return answer;
  } catch (error) {
    body.dispose();
    scope.throwIfOver();
    const fault = body.fault();
    throw fault === undefined ? toTransportError(error, sending) : fault.error;
  }
}

function headersFor({ context, request, authorization }: Try, hop: Hop): Record<string, string> {
  const asked = lowerCaseNames(request.headers);
  const size = request.bodySize ?? (request.body instanceof Uint8Array ? request.body.length : undefined);
  if (size !== undefined) asked['content-length'] = String(size);
  if (!hop.leftOrigin) {
    const known: Record<string, string> = { ...defaultHeaders, ...context.headers, ...asked };
    if (authorization !== undefined) known['authorization'] = authorization;
    return known;
  }
  const describesBody = (name: string): boolean => request.body !== undefined && name.startsWith('content-');
  const kept = Object.entries(asked).filter(([name]) => foreignHeaders.has(name) || describesBody(name));
  return { ...defaultHeaders, ...Object.fromEntries(kept) };
}

function openAnswer(attempt: Try, answer: WireResponse, hop: Hop, scope: CallScope): Answer {
  const { context, request, withoutCredential } = attempt;
  const { method } = request;
  const { url, leftOrigin } = hop;
  const sending = { method, url, timeouts: context.timeouts };
  // A blob has its answer in time; from here on it only has to keep moving.
  if (request.kind === 'blob') scope.lift();
  const hasBody = method !== 'HEAD' && answer.status !== 204 && answer.status !== 304;
  answer.body.whenClosed(() => {
    scope.dispose();
  });
  const { status } = answer;
  const headers = quotedWith(answer.headers, withoutCredential);
  const body = new AnswerBody(answer.body, {
    coding: hasBody ? headers.get('content-encoding') : undefined,
    isPart: status === 206,
    floor: floorOf(request, sending),
    faultOf: (error) => (scope.isOver ? (scope.reason as Error) : toTransportError(error, sending)),
  });
  return { method, url, status, headers, leftOrigin, withoutCredential, body };
}

function floorOf(request: RegistryRequest, sending: SendContext): ProgressFloor | undefined {
  if (request.kind !== 'blob') return undefined;
  const { blobWindowMs, minBlobBytesPerWindow } = sending.timeouts;
  return { windowMs: blobWindowMs, minBytes: minBlobBytesPerWindow, error: () => blobStalled(sending) };
}

function answerMsOf(request: RegistryRequest, timeouts: Timeouts): number | undefined {
  if (request.kind === 'metadata') return undefined;
  return request.body === undefined ? timeouts.blobWindowMs : timeouts.blobWindowMs * uploadAnswerWindows;
}
