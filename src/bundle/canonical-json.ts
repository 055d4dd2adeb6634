/** A value with exactly one serialisation: members in the order given, a Map's sorted by key. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | readonly CanonicalValue[]
  | ReadonlyMap<string, CanonicalValue>
  | { readonly [key: string]: CanonicalValue | undefined };

/**
 * Serialises a value as JSON in one form: two-space indentation when `isPretty`, none otherwise; no trailing newline.
 *
 * @remarks Objects keep the order they were written in, and members that are undefined are left out. Keys that come from
 * outside belong in a Map: it is sorted by code unit, where an object would put keys such as `10` first, whatever the
 * order.
 */
export function canonicalJson(value: CanonicalValue, isPretty: boolean): string {
  const parts: string[] = [];
  write(value, isPretty ? '\n' : '', parts);
  return parts.join('');
}

/** Orders two texts by code unit, the same on every machine and in every locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Turns a record whose keys come from outside into a map that {@link canonicalJson} sorts. */
export function textMap(record: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(record));
}

function write(value: CanonicalValue, newline: string, parts: string[]): void {
  if (typeof value !== 'object') {
    parts.push(JSON.stringify(value));
  } else if (isList(value)) {
    const items = value.map((item) => (inner: string) => {
      write(item, inner, parts);
    });
    writeGroup('[]', items, newline, parts);
  } else {
    const members = membersOf(value).map(([key, item]) => (inner: string) => {
      parts.push(JSON.stringify(key), newline === '' ? ':' : ': ');
      write(item, inner, parts);
    });
    writeGroup('{}', members, newline, parts);
  }
}

function writeGroup(
  brackets: '[]' | '{}',
  items: readonly ((inner: string) => void)[],
  newline: string,
  parts: string[],
): void {
  const inner = newline === '' ? '' : `${newline}  `;
  parts.push(brackets.charAt(0));
  for (const [index, item] of items.entries()) {
    parts.push(index === 0 ? inner : `,${inner}`);
    item(inner);
  }
  parts.push(items.length === 0 ? '' : newline, brackets.charAt(1));
}

function membersOf(
  value: ReadonlyMap<string, CanonicalValue> | { readonly [key: string]: CanonicalValue | undefined },
): readonly (readonly [string, CanonicalValue])[] {
  if (isMap(value)) return [...value].sort(([a], [b]) => compareText(a, b));
  return Object.entries(value).filter((member): member is [string, CanonicalValue] => member[1] !== undefined);
}

function isList(value: CanonicalValue): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}

function isMap(value: object): value is ReadonlyMap<string, CanonicalValue> {
  return value instanceof Map;
}
