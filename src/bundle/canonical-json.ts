import type { TextSink } from './written-text.js';

/** A value with exactly one serialisation: members in the order given, a Map's sorted by key. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | readonly CanonicalValue[]
  | CanonicalList
  | ReadonlyMap<string, CanonicalValue>
  | { readonly [key: string]: CanonicalValue | undefined };

/** A list whose values are made one at a time, when they are written: a record has tens of thousands of them. */
export class CanonicalList {
  readonly values: () => Iterable<CanonicalValue>;

  constructor(values: () => Iterable<CanonicalValue>) {
    this.values = values;
  }
}

/** Makes a list of what items become. */
export function canonicalList<Item>(items: readonly Item[], toValue: (item: Item) => CanonicalValue): CanonicalList {
  return new CanonicalList(function* () {
    for (const item of items) yield toValue(item);
  });
}

/**
 * Serialises a value as JSON in one form: two-space indentation when `isPretty`, none otherwise; no trailing newline.
 *
 * @remarks Objects keep the order they were written in, and members that are undefined are left out. Keys that come from
 * outside belong in a Map: it is sorted by code unit, where an object would put keys such as `10` first, whatever the
 * order.
 */
export function canonicalJson(value: CanonicalValue, isPretty: boolean): string {
  const parts: string[] = [];
  writeCanonicalJson(value, isPretty, (text) => parts.push(text));
  return parts.join('');
}

/** Writes what {@link canonicalJson} gives, a piece at a time. */
export function writeCanonicalJson(value: CanonicalValue, isPretty: boolean, sink: TextSink): void {
  write(value, isPretty ? '\n' : '', sink);
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

function write(value: CanonicalValue, newline: string, sink: TextSink): void {
  if (typeof value !== 'object') {
    sink(JSON.stringify(value));
    return;
  }
  const inner = newline === '' ? '' : `${newline}  `;
  const isList = isArray(value) || value instanceof CanonicalList;
  sink(isList ? '[' : '{');
  const count = isList ? writeItems(value, inner, sink) : writeMembers(value, inner, sink);
  if (count > 0) sink(newline);
  sink(isList ? ']' : '}');
}

function writeItems(list: readonly CanonicalValue[] | CanonicalList, inner: string, sink: TextSink): number {
  let count = 0;
  for (const item of list instanceof CanonicalList ? list.values() : list) {
    sink(count === 0 ? inner : `,${inner}`);
    write(item, inner, sink);
    count += 1;
  }
  return count;
}

function writeMembers(object: CanonicalObject, inner: string, sink: TextSink): number {
  let count = 0;
  for (const [key, item] of isMap(object) ? sorted(object) : Object.entries(object)) {
    if (item === undefined) continue;
    sink(`${count === 0 ? inner : `,${inner}`}${JSON.stringify(key)}${inner === '' ? ':' : ': '}`);
    write(item, inner, sink);
    count += 1;
  }
  return count;
}

function sorted(map: ReadonlyMap<string, CanonicalValue>): readonly (readonly [string, CanonicalValue])[] {
  return [...map].sort(([a], [b]) => compareText(a, b));
}

type CanonicalObject = ReadonlyMap<string, CanonicalValue> | { readonly [key: string]: CanonicalValue | undefined };

function isArray(value: CanonicalValue): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}

function isMap(value: object): value is ReadonlyMap<string, CanonicalValue> {
  return value instanceof Map;
}
