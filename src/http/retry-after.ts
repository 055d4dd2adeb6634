const seconds = /^[0-9]{1,12}$/;
/** The three date forms of RFC 9110 section 5.6.7 begin with the name of a day; `Date.parse` alone would take much more. */
const httpDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\x20-\x7e]{10,40}$/;

/**
 * Reads a `Retry-After` header.
 *
 * @param value - seconds or an HTTP date
 * @param nowMs - the current time, in milliseconds since 1970
 * @returns milliseconds to wait, 0 for a date that has passed; undefined where the header is absent or makes no sense
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (seconds.test(text)) return Number(text) * 1_000;
  if (!httpDate.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
