import { LimitError, ProtocolError, TransportError } from '../errors/index.js';
import { scopeOfHostname } from './address-scope.js';
import { redactNonUrl, redactUrl } from './redact.js';
import type { RegistryResponse } from './types.js';

/** What of an answer says where to go on. */
type Head = Pick<RegistryResponse, 'status' | 'headers'>;

/** Where a request stands on its way through redirects. */
export interface Hop {
  readonly url: URL;
  /** True once the way has led to another origin; it stays true when it comes back. */
  readonly leftOrigin: boolean;
}

/** The way so far. */
export interface RedirectTrail {
  readonly method: string;
  /** The origin that credentials belong to. */
  readonly origin: string;
  readonly maxRedirects: number;
  /** URLs that were asked already; each hop is added. */
  readonly visited: string[];
}

const redirects = new Set([301, 302, 303, 307, 308]);
const hint = 'look at the redirects of the registry and of every proxy before it';

/** Begins the way of a request; a URL on another origin counts as having left from the start. */
export function firstHop(method: string, url: URL, origin: string): Hop {
  if (url.origin === origin) return { url, leftOrigin: false };
  assertHopAllowed(method, new URL(origin), url);
  return { url, leftOrigin: true };
}

/**
 * Decides where a request goes next.
 *
 * @returns undefined when the answer is no redirect
 * @throws {@link TransportError} `ERR_OCI_REDIRECT_REFUSED`, {@link ProtocolError} `ERR_OCI_BAD_HEADER` without a usable
 * `Location`, {@link LimitError} after too many
 */
export function nextHop(answer: Head, hop: Hop, trail: RedirectTrail): Hop | undefined {
  if (!redirects.has(answer.status)) return undefined;
  const { method, visited } = trail;
  visited.push(hop.url.href);
  const url = parseLocation(answer, hop.url, method);
  const leftOrigin = hop.leftOrigin || url.origin !== trail.origin;
  if (method !== 'GET' && method !== 'HEAD') assertBodyMayFollow(answer.status, hop.url, url, method);
  assertHopAllowed(method, hop.url, url);
  if (visited.includes(url.href)) throw refused(method, hop.url, `leads in a circle through ${redactUrl(url)}`);
  if (visited.length > trail.maxRedirects) {
    throw new LimitError(`${method} ${redactUrl(hop.url)} was redirected more than ${trail.maxRedirects} times`, {
      limitName: 'maxRedirects',
      limit: trail.maxRedirects,
      hint,
    });
  }
  return { url, leftOrigin };
}

function parseLocation(answer: Head, base: URL, method: string): URL {
  const location = answer.headers.get('location');
  const fail = (reason: string): ProtocolError =>
    new ProtocolError(
      'ERR_OCI_BAD_HEADER',
      `${method} ${redactUrl(base)} was answered with ${answer.status} and ${reason}`,
      { hint },
    );
  if (location === undefined || location === '') throw fail('no Location');
  if (!URL.canParse(location, base.href)) throw fail(`a Location that is no URL: ${redactNonUrl(location, 80)}`);
  const url = new URL(location, base);
  url.username = '';
  url.password = '';
  url.hash = '';
  return url;
}

/** A body is sent again only to the origin that already got it, and only where the method stays what it was. */
function assertBodyMayFollow(status: number, from: URL, to: URL, method: string): void {
  if (status !== 307 && status !== 308)
    throw refused(method, from, `answered ${status}, which would turn it into a GET`);
  if (to.origin !== from.origin) throw refused(method, from, `leads to another origin, ${to.origin}`);
}

function assertHopAllowed(method: string, from: URL, to: URL): void {
  if (to.protocol !== 'https:' && to.protocol !== 'http:') throw refused(method, from, `leads to ${to.protocol}`);
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw refused(method, from, `leads from https to http, to ${redactUrl(to)}`);
  }
  const scope = scopeOfHostname(to.hostname);
  if (scope !== 'other' && scopeOfHostname(from.hostname) !== scope) {
    throw refused(method, from, `leads to a ${scope} address, ${to.host}, where the registry is not`);
  }
}

function refused(method: string, from: URL, reason: string): TransportError {
  const url = redactUrl(from);
  return new TransportError('ERR_OCI_REDIRECT_REFUSED', `${method} ${url}: the redirect ${reason}`, {
    method,
    url,
    hint,
  });
}
