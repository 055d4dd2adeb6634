import { failure, json, methodNotAllowed } from './answers.js';
import type { InterceptedRequest, RegistryAnswer } from './types.js';

/** Why a request is turned away, and what a challenge has to say about it. */
export interface Refusal {
  readonly request: InterceptedRequest;
  /** No credential; one that is wrong or has expired; one that is good and may not do this. */
  readonly reason: 'missing' | 'invalid' | 'insufficient';
  /** URL of the token service. */
  readonly realm: string;
  readonly service: string;
  /** What a token has to be for; empty at the base endpoint. */
  readonly scope: string;
}

/** A token as the service is about to hand it out. */
export interface IssuedToken {
  readonly token: string;
  readonly ttlSeconds: number;
}

/** Why the token service gives no token. */
export interface TokenRefusal {
  readonly reason: 'anonymous' | 'credentials' | 'service';
  /** The scopes that were asked for. */
  readonly scopes: readonly string[];
}

/** How a registry asks for credentials, and how its token service answers; what is absent is as in a plain registry. */
export interface AuthStyle {
  readonly type: 'basic' | 'bearer';
  /** Path of the token service; `/token` by default. */
  readonly tokenPath?: string | undefined;
  /** Whether the token service is at the other origin. */
  readonly isElsewhere?: boolean | undefined;
  /** Name of the service in challenges; the host of the registry by default. */
  readonly service?: string | undefined;
  /** Whether a token may be asked for without naming the service; false by default. */
  readonly mayOmitService?: boolean | undefined;
  /** A scope that is no `repository:…` and stands for all a caller may do. */
  readonly opaqueScope?: string | undefined;
  /** What deleting needs; `delete` by default. */
  readonly deleteActions?: readonly string[] | undefined;
  readonly refuse?: ((refusal: Refusal) => RegistryAnswer) | undefined;
  readonly token?: ((issued: IssuedToken) => Readonly<Record<string, unknown>>) | undefined;
  readonly refuseToken?: ((refusal: TokenRefusal) => RegistryAnswer) | undefined;
  /** What a POST to the token service gets; `refresh` takes refresh tokens. */
  readonly post?: RegistryAnswer | 'refresh' | undefined;
}

/** Writes a Bearer challenge in the usual form; an empty scope is left out. */
export function bearerChallenge({ realm, service, scope }: Refusal, ...more: readonly string[]): string {
  const parts = [`realm="${realm}"`, `service="${service}"`, ...(scope === '' ? [] : [`scope="${scope}"`]), ...more];
  return `Bearer ${parts.join(',')}`;
}

/** Writes a Bearer challenge that says what is wrong with the token that came, if one came. */
export function bearerChallengeWithError(refusal: Refusal): string {
  const errors = { missing: [], invalid: ['error="invalid_token"'], insufficient: ['error="insufficient_scope"'] };
  return bearerChallenge(refusal, ...errors[refusal.reason]);
}

/** Refuses as a plain registry does. */
export function refusePlainly(type: AuthStyle['type'], refusal: Refusal): RegistryAnswer {
  const challenge = type === 'basic' ? 'Basic realm="test registry"' : bearerChallengeWithError(refusal);
  return failure(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge });
}

/** What a plain token service answers with. */
export function plainToken({ token, ttlSeconds }: IssuedToken): Readonly<Record<string, unknown>> {
  return { token, access_token: token, expires_in: ttlSeconds, issued_at: new Date().toISOString() };
}

/** Refuses a token as a plain token service does. */
export function refuseTokenPlainly({ reason }: TokenRefusal): RegistryAnswer {
  if (reason === 'service') return failure(400, 'UNSUPPORTED', 'unknown service');
  return failure(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="token"' });
}

/** What a plain token service says to anything but GET. */
export function refuseTokenMethod(): RegistryAnswer {
  return methodNotAllowed(['GET']);
}

/** Sends a token in the form of a style. */
export function tokenAnswer(style: AuthStyle, issued: IssuedToken): RegistryAnswer {
  return json(200, (style.token ?? plainToken)(issued));
}
