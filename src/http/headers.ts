import type { ResponseHeaders } from './types.js';

/** Header lines as undici hands them over: lower-case names, an array where a name came more than once. */
export type HeaderLines = Readonly<Record<string, string | string[] | undefined>>;

/** Wraps header lines for look-up without regard to case. */
export function createResponseHeaders(lines: HeaderLines): ResponseHeaders {
  const all = (name: string): readonly string[] => {
    const key = name.toLowerCase();
    const value = Object.hasOwn(lines, key) ? lines[key] : undefined;
    if (value === undefined) return [];
    return typeof value === 'string' ? [value] : value;
  };
  return {
    all,
    get: (name) => {
      const values = all(name);
      return values.length === 0 ? undefined : values.join(', ');
    },
  };
}

/** Copies headers with lower-case names, so that a later one replaces an earlier one of the same name. */
export function lowerCaseNames(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}
