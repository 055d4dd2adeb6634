import { defaultLimits } from '../content/limits.js';
import { type OciErrorCode, RegistryError, type RegistryErrorDetail } from '../errors/index.js';
import { parseErrorBody } from './error-body.js';
import { redactUrl } from './redact.js';
import { readCut } from './response-body.js';
import { parseRetryAfter } from './retry-after.js';
import type { BufferedResponse, RegistryResponse } from './types.js';

/**
 * Makes the error for an answer that means no.
 *
 * @param operation - what was being done, such as `pull manifest`
 * @param what - what it was done to, such as `team/app:1.2`
 * @param maxErrorBytes - bytes of the body that are looked at
 */
export function errorFromBytes(
  response: BufferedResponse,
  operation: string,
  what: string,
  maxErrorBytes: number = defaultLimits.maxErrorBytes,
): RegistryError {
  return makeError(response, operation, what, parseErrorBody(response.bytes, maxErrorBytes));
}

/** Does the same as {@link errorFromBytes} for an answer whose body is still to be read; the body is gone afterwards. */
export async function errorFromResponse(
  response: RegistryResponse,
  operation: string,
  what: string,
  maxErrorBytes: number = defaultLimits.maxErrorBytes,
): Promise<RegistryError> {
  let details: RegistryErrorDetail[] = [];
  try {
    details = parseErrorBody((await readCut(response.body, maxErrorBytes)).bytes, maxErrorBytes);
  } catch {
    // The status is known; that its explanation broke off changes nothing.
  }
  return makeError(response, operation, what, details);
}

function makeError(
  response: Omit<RegistryResponse, 'body'>,
  operation: string,
  what: string,
  details: readonly RegistryErrorDetail[],
): RegistryError {
  const { method, status, url } = response;
  const first = details[0];
  const said = [first?.code, first?.message].filter((part) => part !== undefined && part !== '').join(' ');
  const message = `${operation} ${what} from ${url.host}: ${status}${said === '' ? '' : ` ${said}`}`;
  const meaning = meanings[status];
  return new RegistryError(meaning?.code ?? 'ERR_OCI_REGISTRY_STATUS', message, {
    method,
    url: redactUrl(url),
    status,
    registryErrors: details,
    retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), Date.now()),
    hint: meaning?.hint(url.host) ?? hintForOther(status, url.host),
  });
}

const meanings: Readonly<Record<number, { readonly code: OciErrorCode; readonly hint: (host: string) => string }>> = {
  401: {
    code: 'ERR_OCI_UNAUTHORIZED',
    hint: (host) =>
      `log in to ${host} (docker login ${host}) or give credentials; a stored credential may have expired`,
  },
  403: {
    code: 'ERR_OCI_DENIED',
    hint: (host) => `the account may not do this on ${host}: ask for the permission, or use another account`,
  },
  404: {
    code: 'ERR_OCI_NOT_FOUND',
    hint: () => 'check repository, tag and digest; some registries also answer this to accounts without access',
  },
  429: {
    code: 'ERR_OCI_RATE_LIMITED',
    hint: () => 'wait and try again, log in for a higher limit, or lower the concurrency',
  },
};

function hintForOther(status: number, host: string): string {
  return status >= 500
    ? `${host} or a proxy before it has a fault: look at its log, and try again later`
    : `${host} does not take this request: compare its version and settings with what is asked of it`;
}
