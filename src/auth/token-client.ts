import { whileAllowed } from '../content/abort.js';
import type { OciErrorCode, RegistryError } from '../errors/index.js';
import { parseErrorBody } from '../http/error-body.js';
import { cleanBody, secretsIn, withoutSecrets } from '../http/redact.js';
import { errorFromRefusal } from '../http/response-error.js';
import type { BufferedResponse } from '../http/types.js';
import { basicHeader } from './basic-header.js';
import type { Credentials } from './credentials.js';
import { parseTokenAnswer, type RegistryToken } from './token-answer.js';
import { createTokenSender, type TokenMessage, type TokenSenderOptions, tokenClientId } from './token-sender.js';

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

/** Fetches a token; throws the refusal of the service as a {@link RegistryError}. */
export type TokenClient = (request: TokenRequest) => Promise<RegistryToken>;

/** What services answer that know no OAuth2 POST (GCR, Artifactory, ACR, a firewall); the specification names 404 alone. */
const noOAuth2 = new Set([400, 401, 403, 404, 405]);
const noSuchEndpoint = new Set([404, 405]);

/**
 * Creates the client for the token services of one registry.
 *
 * @remarks An identity token goes by OAuth2 POST, and with GET where there is none. User and password go by GET with Basic
 * alone, as Docker's own client and oras send them: every service that `docker login` works with takes that. containerd
 * tries POST first, which makes two failed logins of one wrong password, where accounts get locked.
 * @see https://github.com/distribution/distribution/blob/v3.0.0/docs/content/spec/auth/oauth.md
 */
export function createTokenClient(options: TokenSenderOptions): TokenClient {
  const send = createTokenSender(options);
  // A service may replace the refresh token with each use; the one that was configured works no more then.
  let rotated: { readonly given: string; readonly current: string } | undefined;
  let lastExchange: Promise<unknown> = Promise.resolve();

  const readToken = (answer: BufferedResponse, askedAtMs: number, request: TokenRequest): RegistryToken => {
    if (!isSuccess(answer)) throw refusal(answer, request, options);
    return parseTokenAnswer(answer.bytes, askedAtMs, answer.url.host);
  };

  const getToken = async (request: TokenRequest, authorization: string | undefined): Promise<RegistryToken> => {
    const askedAtMs = Date.now();
    return readToken(await send(getMessage(request, authorization), request.signal), askedAtMs, request);
  };

  const exchangeIdentity = async (request: TokenRequest, given: string): Promise<RegistryToken> => {
    const current = rotated?.given === given ? rotated.current : given;
    const askedAtMs = Date.now();
    const asked = { ...request, credentials: { identityToken: current } };
    const answer = await send(refreshMessage(request, current), request.signal);
    if (isSuccess(answer)) {
      const token = readToken(answer, askedAtMs, asked);
      rotated = { given, current: token.refreshToken ?? current };
      return token;
    }
    if (!noOAuth2.has(answer.status)) throw refusal(answer, asked, options);
    rotated = undefined;
    const basic = basicHeader({ username: '<token>', password: current });
    const plain = await send(getMessage(request, basic), request.signal);
    // Where there is no GET either, what was said to the POST is the reason.
    return readToken(noSuchEndpoint.has(plain.status) ? answer : plain, askedAtMs, asked);
  };

  /** One exchange at a time: of two with the same refresh token, a service that replaces it would refuse the second. */
  const exchangeInTurn = async (request: TokenRequest, given: string): Promise<RegistryToken> => {
    const exchange = lastExchange.then(async () => {
      request.signal.throwIfAborted();
      return await exchangeIdentity(request, given);
    });
    lastExchange = exchange.catch(() => undefined);
    return await whileAllowed(exchange, request.signal);
  };

  return async (request) => {
    const { credentials } = request;
    if (credentials === undefined) return await getToken(request, undefined);
    if ('identityToken' in credentials) return await exchangeInTurn(request, credentials.identityToken);
    return await getToken(request, basicHeader(credentials));
  };
}

function isSuccess({ status }: BufferedResponse): boolean {
  return status >= 200 && status <= 299;
}

function getMessage(request: TokenRequest, authorization: string | undefined): TokenMessage {
  const url = new URL(request.realm);
  if (request.service !== undefined) url.searchParams.set('service', request.service);
  for (const scope of request.scopes) url.searchParams.append('scope', scope);
  const hasSecret = authorization !== undefined;
  return { method: 'GET', url, headers: hasSecret ? { authorization } : {}, hasSecret };
}

function refreshMessage(request: TokenRequest, refreshToken: string): TokenMessage {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: tokenClientId,
    refresh_token: refreshToken,
  });
  if (request.service !== undefined) form.set('service', request.service);
  if (request.scopes.length > 0) form.set('scope', request.scopes.join(' '));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url: request.realm, headers, body: Buffer.from(form.toString()), hasSecret: true };
}

/** What a service was sent, by itself and as the header has it. */
function secretsOf(credentials: TokenRequest['credentials']): string[] {
  if (credentials === undefined) return [];
  const { username, password } =
    'password' in credentials ? credentials : { username: '<token>', password: credentials.identityToken };
  return secretsIn(basicHeader({ username, password }));
}

/** A 404 here says that there is no such token service: it must not look as if an image did not exist. */
function refusal(answer: BufferedResponse, request: TokenRequest, options: TokenSenderOptions): RegistryError {
  const { host, limits } = options;
  const said = cleanBody(answer.bytes, (text) => withoutSecrets(text, secretsOf(request.credentials)));
  const codes: Readonly<Record<number, OciErrorCode>> = {
    401: 'ERR_OCI_UNAUTHORIZED',
    403: 'ERR_OCI_DENIED',
    429: 'ERR_OCI_RATE_LIMITED',
  };
  return errorFromRefusal(answer, {
    code: codes[answer.status] ?? 'ERR_OCI_REGISTRY_STATUS',
    operation: 'get a token for',
    what: host,
    details: parseErrorBody(said, limits.maxErrorBytes),
    hint:
      request.credentials === undefined
        ? `log in to ${host} (docker login ${host}) or give credentials; it does not let everybody in`
        : `log in to ${host} anew (docker login ${host}), or out (docker logout ${host}) for public images: they need no credential`,
  });
}
