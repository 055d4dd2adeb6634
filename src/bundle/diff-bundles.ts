import { compareText } from './canonical-json.js';
import { canonicalRecord } from './canonical-record.js';
import { kindOfEntry } from './entry-names.js';
import type { BundleArtifact, BundleEntry, BundleImage, BundleRecord, BundleSubject } from './record.js';
import { repositoryOf } from './repository-of.js';

/** An image that two bundles have under one reference and describe differently. */
export interface ImageChange {
  /** Reference of the image. */
  readonly reference: string;
  /** As the first bundle has it. */
  readonly before: BundleImage;
  /** As the second bundle has it. */
  readonly after: BundleImage;
}

/** A referrer that two bundles list for one subject with another artifact type. */
export interface ReferrerChange {
  /** As the first bundle lists it. */
  readonly before: BundleArtifact;
  /** As the second bundle lists it. */
  readonly after: BundleArtifact;
}

/** How the referrers of one subject in one repository differ. */
export interface SubjectDiff {
  /** Registry and repository whose list it is. */
  readonly repository: string;
  /** Digest of the manifest that is referred to. */
  readonly subject: string;
  /** Referrers only the second bundle lists. */
  readonly added: readonly BundleArtifact[];
  /** Referrers only the first bundle lists. */
  readonly removed: readonly BundleArtifact[];
  /** Referrers whose artifact type is another one. */
  readonly changed: readonly ReferrerChange[];
}

/** How the content under `blobs/` differs: manifests, configs, layers, each digest once. */
export interface ContentDiff {
  /** Content only the second bundle holds. */
  readonly added: readonly BundleEntry[];
  /** Content the first bundle holds and the second neither holds nor needs. */
  readonly removed: readonly BundleEntry[];
  /** Content the first bundle holds, and the second needs and leaves out: an import must find it at the target. */
  readonly leftOut: readonly BundleEntry[];
  /** Bytes of what was added. */
  readonly addedBytes: number;
  /** Bytes of what was removed. */
  readonly removedBytes: number;
  /** Bytes of what was left out. */
  readonly leftOutBytes: number;
}

/** What a second bundle says otherwise than a first one. */
export interface BundleDiff {
  /** True when both records are the same, byte for byte. */
  readonly same: boolean;
  /** Ids of both bundles. */
  readonly ids: readonly [before: string, after: string];
  /** Whether the second bundle names the first one as the bundle it builds on. */
  readonly buildsOn: boolean;
  /** Members of `bundle.json`, at its top, that differ; by name. */
  readonly members: readonly string[];
  /** Images by reference. */
  readonly images: {
    /** Images only the second bundle has. */
    readonly added: readonly BundleImage[];
    /** Images only the first bundle has. */
    readonly removed: readonly BundleImage[];
    /** Images that have another digest now. */
    readonly moved: readonly ImageChange[];
    /** Images of which other platforms are in the bundle, or left out of it. */
    readonly platforms: readonly ImageChange[];
  };
  /** Lists of referrers that differ, by repository and subject. */
  readonly referrers: readonly SubjectDiff[];
  /** Content. */
  readonly content: ContentDiff;
}

/**
 * Compares what two bundles say about themselves.
 *
 * @remarks Nothing but the records is looked at, and a record may lie: {@link ImportValidator} checks what it says. An image
 * that has moved brings the referrers of another manifest, so that its old list counts as removed and its new one as
 * added.
 * @param before - record of the first bundle
 * @param after - record of the second one
 * @example
 * ```ts
 * import { diffBundles, readBundleRecord } from '@stellaops/oci-referrers';
 *
 * const diff = diffBundles(await readBundleRecord('monday.tgz'), await readBundleRecord('friday.tgz'));
 * for (const { reference, after } of diff.images.moved) console.log(reference, after.digest);
 * ```
 */
export function diffBundles(before: BundleRecord, after: BundleRecord): BundleDiff {
  const members = differentMembers(before, after);
  return {
    same: members.length === 0,
    ids: [before.bundleId, after.bundleId],
    buildsOn: after.previousBundleId === before.bundleId,
    members,
    images: diffImages(before, after),
    referrers: diffReferrers(before, after),
    content: diffContent(before, after),
  };
}

/** The canonical form decides what is the same, as it does for a reader. */
function differentMembers(before: BundleRecord, after: BundleRecord): readonly string[] {
  const [left, right] = [before, after].map((record) => {
    const members = JSON.parse(canonicalRecord(record).toString()) as Record<string, unknown>;
    return new Map(Object.entries(members).map(([name, value]) => [name, JSON.stringify(value)]));
  });
  const names = new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])]);
  return [...names].filter((name) => left?.get(name) !== right?.get(name)).sort(compareText);
}

function diffImages(before: BundleRecord, after: BundleRecord): BundleDiff['images'] {
  const { added, removed, kept } = compareBy(before.images, after.images, ({ reference }) => reference);
  const changes = kept.map(([old, now]) => ({ reference: now.reference, before: old, after: now }));
  return {
    added,
    removed,
    moved: changes.filter((image) => image.before.digest !== image.after.digest),
    platforms: changes.filter((image) => platformsOf(image.before) !== platformsOf(image.after)),
  };
}

function platformsOf({ platforms: { included, missing } }: BundleImage): string {
  return JSON.stringify([included, missing]);
}

function diffReferrers(before: BundleRecord, after: BundleRecord): readonly SubjectDiff[] {
  const lists = (record: BundleRecord): ReadonlyMap<string, BundleSubject> =>
    new Map(record.referrers.subjects.map((list) => [`${placeOf(list)}@${list.subject}`, list]));
  const [left, right] = [lists(before), lists(after)];
  return [...new Set([...left.keys(), ...right.keys()])].sort(compareText).flatMap((key): SubjectDiff[] => {
    const [old, now] = [left.get(key), right.get(key)];
    const list = now ?? old;
    if (list === undefined) return [];
    const { added, removed, kept } = compareBy(old?.artifacts ?? [], now?.artifacts ?? [], ({ digest }) => digest);
    const changed = kept
      .filter(([a, b]) => a.artifactType !== b.artifactType)
      .map(([a, b]) => ({ before: a, after: b }));
    if (added.length + removed.length + changed.length === 0) return [];
    return [{ repository: placeOf(list), subject: list.subject, added, removed, changed }];
  });
}

function placeOf({ reference }: BundleSubject): string {
  return repositoryOf(reference) ?? reference;
}

function diffContent(before: BundleRecord, after: BundleRecord): ContentDiff {
  const blobs = ({ entries }: BundleRecord): readonly BundleEntry[] =>
    entries.filter(({ path }) => kindOfEntry(path) === 'blob');
  const { added, removed: gone } = compareBy(blobs(before), blobs(after), ({ digest }) => digest);
  const external = new Set(after.external.map(({ digest }) => digest));
  const removed = gone.filter(({ digest }) => !external.has(digest));
  const leftOut = gone.filter(({ digest }) => external.has(digest));
  const bytes = (entries: readonly BundleEntry[]): number => entries.reduce((sum, { size }) => sum + size, 0);
  const sums = { addedBytes: bytes(added), removedBytes: bytes(removed), leftOutBytes: bytes(leftOut) };
  return { added, removed, leftOut, ...sums };
}

function compareBy<Item>(
  before: readonly Item[],
  after: readonly Item[],
  keyOf: (item: Item) => string,
): { readonly added: Item[]; readonly removed: Item[]; readonly kept: (readonly [Item, Item])[] } {
  const [left, right] = [before, after].map((items) => new Map(items.map((item) => [keyOf(item), item])));
  return {
    added: after.filter((item) => left?.has(keyOf(item)) !== true),
    removed: before.filter((item) => right?.has(keyOf(item)) !== true),
    kept: after.flatMap((item) => {
      const old = left?.get(keyOf(item));
      return old === undefined ? [] : [[old, item] as const];
    }),
  };
}
