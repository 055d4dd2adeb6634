import { posix } from 'node:path';
import { isRegistryHost } from '../../oci/reference.js';
import { canonicalHost } from '../hosts.js';

/** Where a host is asked. */
export interface HostAddress {
  readonly scheme: 'http' | 'https';
  /** `host[:port]`. */
  readonly host: string;
  /** Path before the repository. */
  readonly path: string;
}

const form = /^(?:([^/?#@:]*):\/\/)?([^/?#@]*)(\/[^?#]*)?$/;
const pathForm = /^[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$/;

/**
 * Parses the URL of a host as containerd does: without a scheme it means HTTPS, and `/v2` is added to its path unless it
 * is there or `override_path` says otherwise.
 *
 * @returns what is wrong, as a text that goes on from the key, where it cannot be used
 */
export function parseHostAddress(text: string, overridePath: boolean): HostAddress | string {
  if (/^(?:[^/?#]*:\/\/)?[^/?#]*@/.test(text)) return 'has a user name or password; log in, or use credentials';
  const [all, scheme = 'https', host = '', path = '/'] = form.exec(text) ?? [];
  if (all === undefined) return 'has a query or a fragment, which the URL of a registry has not';
  const lower = scheme.toLowerCase();
  if (lower !== 'http' && lower !== 'https') return 'is neither http:// nor https://';
  // As a key, a whole number would come before every other one, whatever the file's order.
  if (!isRegistryHost(host) || /^\d+$/.test(text))
    return 'is not the URL of a host, such as https://mirror.example.com';
  if (!pathForm.test(path)) return 'has a path that cannot stand in a URL';
  const clean = posix.normalize(path).replace(/\/$/, '');
  const root = overridePath || clean.endsWith('/v2') ? clean : `${clean}/v2`;
  // Docker Hub's name in references is not where it is asked.
  return { scheme: lower, host: canonicalHost(host.toLowerCase()), path: root === '' ? '/' : root };
}

/** Writes a URL of the file for a message, without what may be secret in it. */
export function showHostUrl(text: string): string {
  return JSON.stringify(text.replace(/^([a-z]*:\/\/)?.*@/is, '$1…@').replace(/[?#].*/s, '?…'));
}
