import { defaultLimits } from '../content/limits.js';
import { type OciErrorCode, RegistryError, type RegistryErrorDetail } from '../errors/index.js';
import { parseErrorBody } from './error-body.js';
import { cleanBody, redactUrl } from './redact.js';
import { parseRetryAfter } from './retry-after.js';
import type { BufferedResponse, RegistryResponse } from './types.js';

/** What an answer that means no is about. */
export interface Refusal {
  readonly code: OciErrorCode;
  /** What was being done, such as `pull manifest`. */
  readonly operation: string;
  /** What it was done to, such as `team/app:1.2`. */
  readonly what: string;
  readonly hint: string;
  /** What the registry said about it. */
  readonly details: readonly RegistryErrorDetail[];
}

type Head = Omit<RegistryResponse, 'body' | 'withoutCredential'>;

/**
 * Makes the error for an answer that means no.
 *
 * @param operation - what was being done, such as `pull manifest`
 * @param what - what it was done to, such as `team/app:1.2`
 * @param maxErrorBytes - bytes of a body that is no JSON that are looked at
 */
export function errorFromBytes(
  response: BufferedResponse,
  operation: string,
  what: string,
  maxErrorBytes: number = defaultLimits.maxErrorBytes,
): RegistryError {
  return registryError(response, operation, what, parseErrorBody(response.bytes, maxErrorBytes));
}

/**
 * Does the same as {@link errorFromBytes} for an answer whose body is still to be read; the body is gone afterwards.
 *
 * @param maxErrorBytes - bytes of the body that are read
 */
export async function errorFromResponse(
  response: RegistryResponse,
  operation: string,
  what: string,
  maxErrorBytes: number = defaultLimits.maxErrorBytes,
): Promise<RegistryError> {
  let details: RegistryErrorDetail[] = [];
  try {
    const { bytes } = await response.body.collect(maxErrorBytes);
    details = parseErrorBody(cleanBody(bytes, response.withoutCredential), maxErrorBytes);
  } catch {
    // The status is known; that its explanation broke off changes nothing.
  }
  return registryError(response, operation, what, details);
}

/** Makes the error for a refusal that has been understood already. */
export function errorFromRefusal(response: Head, refusal: Refusal): RegistryError {
  const { method, status, url } = response;
  const { code, operation, what, hint, details } = refusal;
  const first = details[0];
  const said = [first?.code, first?.message].filter((part) => part !== undefined && part !== '').join(' ');
  return new RegistryError(code, `${operation} ${what} from ${url.host}: ${status}${said === '' ? '' : ` ${said}`}`, {
    method,
    url: redactUrl(url),
    status,
    registryErrors: details,
    retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), Date.now()),
    hint,
  });
}

function registryError(
  response: Head,
  operation: string,
  what: string,
  details: readonly RegistryErrorDetail[],
): RegistryError {
  const { status, url, leftOrigin } = response;
  const { host } = url;
  const meant = meantStatus(status, details);
  const known = Object.hasOwn(meanings, meant) ? meanings[meant] : undefined;
  const meaning = known === undefined ? hintForOther(status, url, details) : known.hint(loginHost(host));
  const isPage = /^text\/html\b/i.test(response.headers.get('content-type') ?? '');
  const hint = isPage ? `${meaning}; a page of HTML came, as from a proxy or a login page: look with curl -v` : meaning;
  return errorFromRefusal(response, {
    code: known?.code ?? 'ERR_OCI_REGISTRY_STATUS',
    operation,
    what,
    details,
    hint: leftOrigin
      ? `the registry sent this request on to ${host}, without credentials: check the name, and what is there`
      : hint,
  });
}

/** Registries that hide what exists answer 404 and say in the body why: who is turned away has not been told "no such thing". */
function meantStatus(status: number, details: readonly RegistryErrorDetail[]): number {
  if (status !== 404) return status;
  const codes = new Set(details.map(({ code }) => code));
  if (codes.has('DENIED')) return 403;
  return codes.has('UNAUTHORIZED') ? 401 : status;
}

/** Docker Hub has another name for those who log in. */
function loginHost(host: string): string {
  return host === 'registry-1.docker.io' ? 'docker.io' : host;
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

function hintForOther(status: number, { host, protocol }: URL, details: readonly RegistryErrorDetail[]): string {
  if (status >= 500) return `${host} or a proxy before it has a fault: look at its log, and try again later`;
  // What Go's servers say to plain HTTP where they speak TLS.
  const wantsTls = protocol === 'http:' && details.some(({ message }) => /\bHTTPS\b/.test(message));
  return wantsTls
    ? `${host} speaks TLS: leave plain HTTP out; on loopback, where it is the default, give TLS settings (tls, --ca-file)`
    : `${host} does not take this request: compare its version and settings with what is asked of it`;
}
