import { parseErrorBody } from './error-body.js';

const codes = /^(?:INVALID_TOKEN|TOKEN_INVALID|TOKEN_EXPIRED|EXPIRED_TOKEN)$/;
const bad = /\b(?:invalid|expired|revoked)\b/i;
/** A token for access by its name; the token of a page is another thing. */
const accessToken = /\b(?:authori[sz]ation|authentication|auth|access|bearer|security) token\b/i;
const tokenIsBad = /\btoken (?:is|was|has|has been|was found) (?:invalid|expired|revoked)\b/i;

/** An answer to a request that carried an `Authorization` header. */
interface Refusal {
  readonly method: string;
  readonly status: number;
  /** The body, cut at any point. */
  readonly bytes: Uint8Array;
}

/** Tells whether an answer other than 401 may be about the credential that was sent: only then its body is looked at. */
export function mayRefuseToken(status: number): boolean {
  return status === 400 || status === 403;
}

/**
 * Tells whether a registry refuses a token or password as too old, in words instead of with 401.
 *
 * @remarks DEVIATION(RFC 6750 section 3.1): an expired token is answered 401 there. ECR Public answers 400 and "Your
 * Authorization Token is invalid.", ECR 403 and "Your authorization token has expired." A 400 to a HEAD has no words, and
 * hardly another reason.
 */
export function refusesToken({ method, status, bytes }: Refusal): boolean {
  if (!mayRefuseToken(status)) return false;
  if (method === 'HEAD') return status === 400;
  return parseErrorBody(bytes, bytes.length).some(
    ({ code, message }) =>
      codes.test(code) || tokenIsBad.test(message) || (accessToken.test(message) && bad.test(message)),
  );
}
