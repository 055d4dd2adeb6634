import { quoteRegistry } from './redact.js';
import type { ResponseHeaders } from './types.js';

/** Longest text of one warning, in characters (distribution-spec v1.1.1, "Warnings"). */
const maxTextLength = 4_096;
const warning = /(?:^|,)[ \t]*299[ \t]+-[ \t]+"((?:[^"\\]|\\.)*)"/g;

/**
 * Reads the warnings of an answer: `Warning: 299 - "text"`, nothing else.
 *
 * @param clean - takes out what nobody may read, before anything is cut
 * @returns each text, escaped and cut at 4,096 characters
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#warnings
 */
export function parseWarnings(headers: ResponseHeaders, clean?: (text: string) => string): string[] {
  return headers
    .all('warning')
    .flatMap((line) => [...line.matchAll(warning)])
    .map(([, text = '']) => text.replace(/\\(.)/g, '$1'))
    .map((text) => quoteRegistry(clean?.(text) ?? text, maxTextLength));
}
