import { escapeText } from '../oci/escape.js';
import type { ResponseHeaders } from './types.js';

/** Header lines as undici hands them over: lower-case names, an array where a name came more than once. */
export type HeaderLines = Readonly<Record<string, string | string[] | undefined>>;

/** What has one value; a proxy that adds it a second time usually adds the same. */
const singleValued = ['content-type', 'docker-content-digest', 'content-length', 'location', 'etag', 'oci-subject'];

/** Wraps header lines for look-up without regard to case. */
export function createResponseHeaders(lines: HeaderLines): ResponseHeaders {
  const all = (name: string): readonly string[] => {
    const key = name.toLowerCase();
    const value = Object.hasOwn(lines, key) ? lines[key] : undefined;
    if (value === undefined) return [];
    return typeof value === 'string' ? [value] : value;
  };
  const get = (name: string): string | undefined => {
    const values = singleValued.includes(name.toLowerCase()) ? distinct(all(name)) : all(name);
    return values.length === 0 ? undefined : values.join(', ');
  };
  return quotedWith({ all, get }, (text) => text);
}

/**
 * Lets headers be quoted without something; the protocol reads them as they came, since a password such as `docker` stands in
 * media types as well.
 */
export function quotedWith(
  { all, get }: Pick<ResponseHeaders, 'all' | 'get'>,
  clean: (text: string) => string,
): ResponseHeaders {
  const quote = (name: string, most: number): string | undefined => {
    const said = clean(get(name) ?? '').trim();
    if (said === '') return undefined;
    return said.length > most ? `(${said.length} characters, not shown)` : escapeText(said, most);
  };
  return { all, get, quote };
}

/** Names a header that can have one value and came with several: which of them holds is a guess. */
export function conflictingHeader(headers: ResponseHeaders): string | undefined {
  return singleValued.find((name) => {
    const values = headers.all(name);
    return values.length > 1 && distinct(values).length > 1;
  });
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values.map((value) => value.trim()))];
}

/** Copies headers with lower-case names, so that a later one replaces an earlier one of the same name. */
export function lowerCaseNames(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}
