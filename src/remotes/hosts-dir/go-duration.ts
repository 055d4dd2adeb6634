const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5
  μs: 1e-3, // U+03BC
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const part = /^(\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})(ns|us|µs|μs|ms|s|m|h)/;
const maxMs = 24 * 3_600_000;

/**
 * Parses a duration as Go writes it, such as `1m30s`, `1.5s` or `500ms`.
 *
 * @returns whole milliseconds, from 1 up to a day; undefined for anything else
 */
export function parseGoDuration(text: string): number | undefined {
  if (text === '' || text.length > 100) return undefined;
  let rest = text.replace(/^\+/, '');
  let sum = 0;
  do {
    const [all, amount, unit] = part.exec(rest) ?? [];
    if (all === undefined || amount === undefined || unit === undefined) return undefined;
    sum += Number(amount) * (unitMs[unit] ?? 0);
    rest = rest.slice(all.length);
  } while (rest !== '');
  return sum > 0 && sum <= maxMs ? Math.ceil(sum) : undefined;
}
