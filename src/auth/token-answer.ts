import { ProtocolError } from '../errors/index.js';
import { parseStrictJson } from '../oci/strict-json.js';

/** A token a registry takes, and until when. */
export interface RegistryToken {
  readonly value: string;
  /** Milliseconds since 1970 after which it is not used any more. */
  readonly expiresAtMs: number;
  /** A refresh token that replaces the one it was fetched with. */
  readonly refreshToken?: string | undefined;
}

/** What the token specification says where the service does not. */
const defaultLifetimeSeconds = 60;
/** Nobody's token is kept longer, whatever the service promises. */
const maxLifetimeSeconds = 24 * 60 * 60;
const maxSkewMs = 10_000;
const tokenPattern = /^[\x21-\x7e]+$/;

/** Tells whether a token may stand in a header after `Bearer`. */
export function isHeaderToken(token: string): boolean {
  return tokenPattern.test(token);
}

/**
 * Reads the answer of a token service.
 *
 * @param askedAtMs - when the request was sent; clocks of registries are not asked
 * @throws {@link ProtocolError} `ERR_OCI_BAD_JSON` or `ERR_OCI_BAD_SCHEMA`
 * @see https://github.com/distribution/distribution/blob/v3.0.0/docs/content/spec/auth/token.md
 */
export function parseTokenAnswer(bytes: Uint8Array, askedAtMs: number, from: string): RegistryToken {
  const answer = parseObject(bytes, from);
  const value = [answer['token'], answer['access_token']].find((token) => typeof token === 'string' && token !== '');
  if (typeof value !== 'string') throw badAnswer('ERR_OCI_BAD_SCHEMA', from, 'has neither token nor access_token');
  if (!isHeaderToken(value)) throw badAnswer('ERR_OCI_BAD_SCHEMA', from, 'has a token no header can carry');
  const lifetimeMs = lifetimeSeconds(answer['expires_in']) * 1_000;
  const refreshToken = answer['refresh_token'];
  return {
    value,
    expiresAtMs: askedAtMs + lifetimeMs - Math.min(maxSkewMs, lifetimeMs / 4),
    refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
  };
}

function parseObject(bytes: Uint8Array, from: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseStrictJson(bytes, 'token answer');
  } catch {
    // No cause: the parser's message may quote the document, and the document may hold a token.
    throw badAnswer('ERR_OCI_BAD_JSON', from, 'is not one strict JSON value');
  }
  if (typeof value !== 'object' || value === null) throw badAnswer('ERR_OCI_BAD_SCHEMA', from, 'is not an object');
  return value as Record<string, unknown>;
}

/** Seconds as a number, or as a text with a number in it; anything else, and 0 or less, is no answer. */
function lifetimeSeconds(value: unknown): number {
  const seconds = typeof value === 'string' && /^[0-9]{1,12}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0) return defaultLifetimeSeconds;
  return Math.min(seconds, maxLifetimeSeconds);
}

function badAnswer(code: 'ERR_OCI_BAD_JSON' | 'ERR_OCI_BAD_SCHEMA', from: string, reason: string): ProtocolError {
  return new ProtocolError(code, `the answer of the token service ${from} ${reason}`, {
    hint: 'look at what the token service answers, and at every proxy before it',
  });
}
