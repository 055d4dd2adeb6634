import { describe, expect, it } from 'vitest';
import { parseRealm, type TokenRealms } from '../../../src/auth/realm.js';

const registry = 'https://r.example:5000';
const parse = (realm: string, origin = registry, allowed: TokenRealms = 'any-https'): string =>
  parseRealm(realm, origin, allowed).href;

describe('a token service', () => {
  it.each([
    ['on another host', 'https://auth.example/token?a=1#x', registry, 'any-https', 'https://auth.example/token?a=1'],
    ['at a private address', 'https://10.0.0.5/t', registry, 'any-https', 'https://10.0.0.5/t'],
    ['in plain http, as the registry', 'http://a.example/t', 'http://r.example', 'any-https', 'http://a.example/t'],
    ['on loopback, as the registry', 'http://127.0.0.1:9/t', 'http://localhost:8', 'any-https', 'http://127.0.0.1:9/t'],
    ['on the same host', 'https://r.example/t', registry, 'same-host', 'https://r.example/t'],
    ['that is named', 'https://AUTH.example/t', registry, ['auth.EXAMPLE'], 'https://auth.example/t'],
    [
      'that is named with its port',
      'https://auth.example:444/t',
      registry,
      ['auth.example:444'],
      'https://auth.example:444/t',
    ],
  ] as const)('%s is asked', (_, realm, origin, allowed, expected) => {
    expect(parse(realm, origin, allowed)).toBe(expected);
  });

  it.each([
    ['without a URL', 'zot', registry, 'any-https'],
    ['with a relative URL', '/token', registry, 'any-https'],
    ['with another scheme', 'ftp://a.example/', registry, 'any-https'],
    ['in plain http while the registry is https', 'http://r.example:5000/t', registry, 'any-https'],
    ['with a user in its URL', 'https://u:p@auth.example/t', registry, 'any-https'],
    ['on loopback', 'https://127.0.0.1/t', registry, 'any-https'],
    ['on localhost', 'https://localhost:8443/t', registry, 'any-https'],
    ['on IPv6 loopback', 'https://[::1]/t', registry, 'any-https'],
    ['at the metadata service', 'http://169.254.169.254/t', 'http://r.example', 'any-https'],
    ['at the metadata service, of a registry on loopback', 'http://169.254.169.254/t', 'http://127.0.0.1', 'any-https'],
    ['on another host where only its own may be asked', 'https://auth.example/t', registry, 'same-host'],
    ['that is not named', 'https://evil.example/t', registry, ['auth.example']],
    ['that is named with another port', 'https://auth.example:1/t', registry, ['auth.example']],
    ['when none may be asked', 'https://auth.example/t', registry, []],
  ] as const)('%s is refused', (_, realm, origin, allowed) => {
    expect(() => parse(realm, origin, allowed)).toThrow(
      expect.objectContaining({ code: 'ERR_OCI_REALM_REFUSED', name: 'TransportError' }) as Error,
    );
  });

  it('that is refused is named without its secrets', () => {
    expect(() => parse('https://u:hidden@auth.example/t?x=hidden')).toThrow(/^((?!hidden).)*$/);
  });
});
