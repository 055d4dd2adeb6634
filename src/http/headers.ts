import { escapeText } from '../oci/escape.js';
import type { ResponseHeaders } from './types.js';

/** Header lines as undici hands them over: lower-case names, an array where a name came more than once. */
export type HeaderLines = Readonly<Record<string, string | string[] | undefined>>;

/** What has one value; a proxy that adds it a second time usually adds the same. */
const singleValued = ['content-type', 'docker-content-digest', 'content-length', 'location', 'etag', 'oci-subject'];

/** Wraps header lines for look-up without regard to case. */
export function createResponseHeaders(lines: HeaderLines): ResponseHeaders {
  return new WrappedLines(lines);
}

/**
 * Lets headers be quoted without something; the protocol reads them as they came, since a password such as `docker` stands in
 * media types as well.
 */
export function quotedWith(headers: ResponseHeaders, clean: (text: string) => string): ResponseHeaders {
  return new CleanedHeaders(headers, clean);
}

class WrappedLines implements ResponseHeaders {
  readonly #lines: HeaderLines;

  constructor(lines: HeaderLines) {
    this.#lines = lines;
  }

  all(name: string): readonly string[] {
    const key = name.toLowerCase();
    const value = Object.hasOwn(this.#lines, key) ? this.#lines[key] : undefined;
    if (value === undefined) return [];
    return typeof value === 'string' ? [value] : value;
  }

  get(name: string): string | undefined {
    const values = this.all(name);
    const counted = singleValued.includes(name.toLowerCase()) ? distinct(values) : values;
    return counted.length === 0 ? undefined : counted.join(', ');
  }

  quote(name: string, most: number): string | undefined {
    return quoteValue(this.get(name) ?? '', most);
  }
}

class CleanedHeaders implements ResponseHeaders {
  readonly #headers: ResponseHeaders;
  readonly #clean: (text: string) => string;

  constructor(headers: ResponseHeaders, clean: (text: string) => string) {
    this.#headers = headers;
    this.#clean = clean;
  }

  all(name: string): readonly string[] {
    return this.#headers.all(name);
  }

  get(name: string): string | undefined {
    return this.#headers.get(name);
  }

  quote(name: string, most: number): string | undefined {
    return quoteValue(this.#clean(this.get(name) ?? ''), most);
  }
}

function quoteValue(value: string, most: number): string | undefined {
  const said = value.trim();
  if (said === '') return undefined;
  return said.length > most ? `(${said.length} characters, not shown)` : escapeText(said, most);
}

/** Names a header that can have one value and came with several: which of them holds is a guess. */
export function conflictingHeader(headers: ResponseHeaders): string | undefined {
  return singleValued.find((name) => {
    const values = headers.all(name);
    return values.length > 1 && distinct(values).length > 1;
  });
}

function distinct(values: readonly string[]): readonly string[] {
  if (values.length < 2) return values.map((value) => value.trim());
  return [...new Set(values.map((value) => value.trim()))];
}

/** Copies headers with lower-case names, so that a later one replaces an earlier one of the same name. */
export function lowerCaseNames(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}
