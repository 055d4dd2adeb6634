import { TransportError } from '../errors/index.js';
import { scopeOfHostname } from '../http/address-scope.js';
import { redactNonUrl, redactUrl } from '../http/redact.js';

/** Where a registry may send a client to fetch tokens: any HTTPS host, its own host name, or the named `host[:port]`. */
export type TokenRealms = 'any-https' | 'same-host' | readonly string[];

/**
 * Checks the token service a challenge names, before anything is sent there.
 *
 * @remarks The credential goes where this URL points, and the registry chose it: it has to be as safe to talk to as the
 * registry itself. Addresses behind names are checked when the socket connects.
 * @param realm - the `realm` parameter as the registry wrote it
 * @param origin - origin of the registry that sent the challenge
 * @throws {@link TransportError} `ERR_OCI_REALM_REFUSED`
 */
export function parseRealm(realm: string, origin: string, allowed: TokenRealms): URL {
  if (!URL.canParse(realm)) throw realmRefused(origin, redactNonUrl(realm, 120), 'is not an absolute URL');
  const url = new URL(realm);
  url.hash = '';
  assertRealm(url, origin, allowed);
  return url;
}

/** Checks a URL on the way to a token, the targets of redirects included. */
export function assertRealm(url: URL, origin: string, allowed: TokenRealms): void {
  const registry = new URL(origin);
  const refuse = (reason: string): TransportError => realmRefused(origin, redactUrl(url), reason);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('is neither https nor http');
  if (url.protocol === 'http:' && registry.protocol !== 'http:')
    throw refuse('is plain http while the registry is https');
  if (url.username !== '' || url.password !== '') throw refuse('has a user or password in it');
  const scope = scopeOfHostname(url.hostname);
  if (scope !== 'other' && scopeOfHostname(registry.hostname) !== scope) {
    throw refuse(`is a ${scope} address, where the registry is not`);
  }
  if (allowed === 'same-host' && url.hostname !== registry.hostname) throw refuse("is not on the registry's own host");
  if (typeof allowed !== 'string' && !allowed.some((host) => host.toLowerCase() === url.host)) {
    throw refuse('is not one of tokenRealms');
  }
}

/** Makes the error for a token service that must not be asked. */
export function realmRefused(origin: string, realm: string, reason: string, cause?: unknown): TransportError {
  const { host } = new URL(origin);
  const message = `log in to ${host}: the token service ${realm} that it names ${reason}`;
  return new TransportError('ERR_OCI_REALM_REFUSED', message, {
    method: 'GET',
    url: realm,
    cause,
    hint: 'credentials were not sent; if this token service is the right one, check tokenRealms and the setting of the registry',
  });
}
