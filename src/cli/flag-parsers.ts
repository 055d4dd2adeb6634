import { InvalidArgumentError } from 'commander';

/** Makes a parser for a flag that may be repeated. */
export function collect<Value>(
  parse: (text: string) => Value,
): (text: string, previous: readonly Value[] | undefined) => readonly Value[] {
  return (text, previous = []) => [...previous, parse(text)];
}

/** Takes a text that must not be empty. */
export function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** Takes a platform as `os/arch[/variant]`. */
export function parsePlatform(text: string): string {
  if (/^[^/\s]+(?:\/[^/\s]+){1,2}$/.test(text)) return text;
  throw new InvalidArgumentError('Write OS/ARCH or OS/ARCH/VARIANT, such as linux/amd64.');
}

/** Splits `NAME=VALUE` at the first `=`. */
export function parsePair(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Write NAME=VALUE.');
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** Splits `FROM=TO`, two repositories. */
export function parseMapping(text: string): readonly [string, string] {
  const [from = '', to = '', ...more] = text.split('=');
  if (from === '' || to === '' || more.length > 0) {
    throw new InvalidArgumentError('Write FROM=TO, such as HOST/team/app=MIRROR/app.');
  }
  return [from, to];
}

/** Parses a number of requests at once. */
export function parseConcurrency(text: string): number {
  const value = parseWhole(text);
  if (value === undefined || value < 1 || value > 64) throw new InvalidArgumentError('Write a number from 1 to 64.');
  return value;
}

/** Parses a status that may mean that there is no referrers API. */
export function parseFallbackStatus(text: string): 400 | 410 | 424 {
  const status = ([400, 410, 424] as const).find((known) => String(known) === text);
  if (status === undefined) throw new InvalidArgumentError('Write 400, 410 or 424.');
  return status;
}

/** Parses a number of seconds, 1 or more. */
export function parseSeconds(text: string): number {
  const value = parseWhole(text);
  if (value === undefined || value < 1 || value > 86_400) {
    throw new InvalidArgumentError('Write a whole number of seconds, 1 or more and not over a day.');
  }
  return value;
}

/** Parses `TYPE` or `TYPE:MIN`. */
export function parseRequirement(text: string): { readonly artifactType: string; readonly min: number } {
  const match = /^([^:]+)(?::(\d{1,6}))?$/.exec(text);
  const artifactType = match?.[1];
  const min = Number(match?.[2] ?? 1);
  if (artifactType === undefined || min < 1) throw new InvalidArgumentError('Write TYPE or TYPE:MIN, MIN 1 or more.');
  return { artifactType, min };
}

/** Parses how many keys have to have signed. */
export function parseThreshold(text: string): number {
  const value = parseWhole(text);
  if (value === undefined || value < 1 || value > 16) throw new InvalidArgumentError('Write a number from 1 to 16.');
  return value;
}

/** Parses the id of a bundle. */
export function parseBundleId(text: string): string {
  if (!/^sha256:[a-f0-9]{64}$/.test(text)) throw new InvalidArgumentError('Write sha256: and 64 hex characters.');
  return text;
}

/** Takes a point in time as RFC 3339 writes it; whether there is such a day is the library's to say. */
export function parseTime(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return text;
  throw new InvalidArgumentError('Write a time such as 2027-01-31T00:00:00Z.');
}

const units: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
]);

/** Parses a size in bytes, with a unit of 1,000 (kB, MB, GB, TB) or of 1,024 (KiB, MiB, GiB, TiB). */
export function parseSize(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?) ?([A-Za-z]*)$/.exec(text);
  const bytes = Math.floor(Number(match?.[1]) * (units.get(match?.[2] ?? '') ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes >= 1) return bytes;
  throw new InvalidArgumentError('Write a size such as 650MB or 4GiB.');
}

function parseWhole(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
