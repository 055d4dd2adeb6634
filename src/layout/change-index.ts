import type { Descriptor } from '../oci/descriptor.js';
import { imageName, refName } from '../oci/image-layout.js';
import type { RawEntry } from './index-file.js';
import { entryAnnotations } from './layout-entry.js';

/** The name an entry gets. */
export interface EntryName {
  /** What stands in index.json. */
  readonly name: string;
  /** Full reference; absent where it is not known. */
  readonly imageName?: string | undefined;
}

/**
 * Gives a manifest a name; undefined when it has it already.
 *
 * @remarks Who had the name before stays listed without one: nothing in a layout is lost because a tag moved. Everything
 * else in the file stays as it is.
 */
export function nameEntry(
  entries: readonly RawEntry[],
  { mediaType, digest, size }: Descriptor,
  { name, imageName: full }: EntryName,
): readonly RawEntry[] | undefined {
  const same = entries.filter((entry) => nameOf(entry) === name);
  const isDone = (entry: RawEntry): boolean =>
    digestOf(entry) === digest && (full === undefined || annotationsOf(entry)[imageName] === full);
  if (same.length === 1 && same.every(isDone)) return undefined;
  const annotations = { [refName]: name, ...(full === undefined ? {} : { [imageName]: full }) };
  const kept = entries.flatMap((entry) => {
    if (nameOf(entry) === name) return digestOf(entry) === digest ? [] : [withoutName(entry)];
    // Its one entry without a name is the one that gets it.
    return digestOf(entry) === digest && isBare(entry) ? [] : [entry];
  });
  const seen = new Set<unknown>();
  const unique = kept.filter((entry) => {
    if (!isBare(entry)) return true;
    const isNew = !seen.has(digestOf(entry));
    seen.add(digestOf(entry));
    return isNew;
  });
  return [...unique, { mediaType, digest, size, annotations }];
}

/** Lists a referrer without a name, as oras does; undefined when it is listed already. */
export function addUntagged(entries: readonly RawEntry[], referrer: Descriptor): readonly RawEntry[] | undefined {
  if (entries.some((entry) => digestOf(entry) === referrer.digest)) return undefined;
  // A name among its own annotations would take the place of an image.
  const kept = Object.entries(referrer.annotations ?? {}).filter(([key]) => !entryAnnotations.has(key));
  const annotations = kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) };
  const { mediaType, digest, size, artifactType } = referrer;
  return [
    ...entries,
    { mediaType, digest, size, ...(artifactType === undefined ? {} : { artifactType }), ...annotations },
  ];
}

/** Puts a new list of referrers in the place of the one that had its name. */
export function replaceList(
  entries: readonly RawEntry[],
  { mediaType, digest, size }: Descriptor,
  name: string,
): readonly RawEntry[] {
  const entry = { mediaType, digest, size, annotations: { [refName]: name } };
  return [...entries.filter((other) => nameOf(other) !== name), entry];
}

/** The digest of an entry, as it stands there. */
function digestOf(entry: RawEntry): unknown {
  return entry['digest'];
}

function annotationsOf(entry: RawEntry): Readonly<Record<string, unknown>> {
  return (entry['annotations'] ?? {}) as Readonly<Record<string, unknown>>;
}

function nameOf(entry: RawEntry): unknown {
  return annotationsOf(entry)[refName];
}

/** Has no annotation that gives it a meaning of its own. */
function isBare(entry: RawEntry): boolean {
  return Object.keys(annotationsOf(entry)).every((key) => !entryAnnotations.has(key));
}

function withoutName(entry: RawEntry): RawEntry {
  const kept = Object.entries(annotationsOf(entry)).filter(([key]) => key !== refName && key !== imageName);
  const rest = Object.entries(entry).filter(([key]) => key !== 'annotations');
  const annotations = kept.length === 0 ? [] : [['annotations', Object.fromEntries(kept)] as const];
  return Object.fromEntries([...rest, ...annotations]);
}
