import { ArgumentError } from '../errors/index.js';
import { redactNonUrl } from '../http/redact.js';
import { escapeText } from '../oci/escape.js';
import { isRegistryHost } from '../oci/reference.js';

/** A registry as the settings of the doctor name it. */
export interface RegistryAddress {
  /** `host[:port]` in lower case, as references have it. */
  readonly registry: string;
  /** What stood before it; undefined where nothing did. */
  readonly scheme: 'http' | 'https' | undefined;
}

const example = 'write https://registry.example.com, or registry.example.com:5000';

/**
 * Reads the registry the doctor is to look at.
 *
 * @remarks With the scheme `http` it is spoken to in plain HTTP. A path other than `/` or `/v2/` belongs to the repository.
 * @param text - such as `https://registry.example.com` or `registry.example.com:5000`
 * @throws ArgumentError `ERR_OCI_INVALID_OPTION`, which never repeats a user or password
 * @example
 * ```ts
 * import { parseRegistryUrl } from '@stellaops/oci-referrers';
 *
 * const { registry, scheme } = parseRegistryUrl('http://localhost:5000');
 * console.log(registry, scheme);
 * ```
 */
export function parseRegistryUrl(text: string): RegistryAddress {
  const { scheme, host, path } = split(text.trim());
  if (host === '') throw invalid('names no registry', example);
  if (host.includes('@')) {
    throw invalid(
      'has a user name or password in it',
      'leave it out, and give username and password (OCI__Username and OCI__Password, or --username and --password-stdin)',
    );
  }
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    throw invalid(`begins with ${escapeText(scheme, 40)}://, which no registry speaks`, example);
  }
  if (!isRegistryHost(host)) throw invalid(`${redactNonUrl(host, 120)} is not HOST or HOST:PORT`, example);
  if (!/^(?:\/(?:v2\/?)?)?$/.test(path)) {
    const below = redactNonUrl(path, 120).replace(/^\/(?:v2\/)?|\/$/g, '');
    throw invalid(
      'has a path behind the host',
      /^[?#]/.test(path)
        ? example
        : `leave the path out, and begin the test repository with it, such as ${below}/library/alpine`,
    );
  }
  return { registry: withPort(host.toLowerCase(), scheme), scheme };
}

function split(text: string): { scheme: string | undefined; host: string; path: string } {
  const [, scheme, rest = ''] = /^(?:([^/?#@]*):\/\/)?(.*)$/s.exec(text) ?? [];
  const end = rest.search(/[/?#]/);
  const at = end < 0 ? rest.length : end;
  return { scheme: scheme?.toLowerCase(), host: rest.slice(0, at), path: rest.slice(at) };
}

/** In a reference a word without dot and port is a part of a repository on Docker Hub. */
function withPort(host: string, scheme: RegistryAddress['scheme']): string {
  if (/[.:]/.test(host) || host === 'localhost') return host;
  return `${host}:${scheme === 'http' ? 80 : 443}`;
}

function invalid(reason: string, hint: string): ArgumentError {
  return new ArgumentError('ERR_OCI_INVALID_OPTION', `option registryUrl: ${reason}`, {
    argument: 'registryUrl',
    hint,
  });
}
