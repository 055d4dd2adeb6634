import type { AbortableOptions } from '../content/abort.js';
import { BlobDirectory } from '../content/blob-directory.js';
import { GroupCommit } from '../content/group-commit.js';
import { KeyedLock } from '../content/keyed-lock.js';
import type { Limits } from '../content/limits.js';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf } from '../oci/digest.js';
import { describeReferrer, type Manifest } from '../oci/manifest.js';
import { isIndexType, mediaTypes } from '../oci/media-types.js';
import { referrersTag } from '../oci/referrers-tag.js';
import { addUntagged, nameEntry, replaceList } from './change-index.js';
import type { IndexFile, IndexState, RawEntry } from './index-file.js';
import { isListFor, type LayoutEntry, readEntry } from './layout-entry.js';
import { layoutInvalid, layoutUnreadable, layoutUnwritable } from './layout-faults.js';
import { digestNameFor, entryNameFor } from './layout-names.js';
import { readManifest } from './read-manifest.js';
import { type LayoutScan, type ManifestFacts, scanReferrers } from './scan-referrers.js';

/** How often a layout is read again because others write to it. */
const maxScans = 20;

/** What a layout holds, all of one state of its index.json. */
export interface LayoutView {
  readonly entries: readonly LayoutEntry[];
  readonly scan: LayoutScan;
}

/** A referrer that is to be listed. */
interface Listing {
  readonly referrer: Descriptor;
  /** Digest it refers to. */
  readonly subject: string;
  readonly repository: string | undefined;
}

/** What is known about one layout directory, shared by everything that was opened on it together. */
export class LayoutStore {
  readonly path: string;
  readonly blobs: BlobDirectory;
  readonly limits: Limits;
  readonly #file: IndexFile;
  readonly #known = new Map<string, ManifestFacts>();
  /** Lists this store has written itself: of those only the last one is of use. */
  readonly #ownLists = new Set<string>();
  #entries: { readonly stamp: string; readonly entries: readonly LayoutEntry[] } | undefined;
  #view: (LayoutView & { readonly stamp: string }) | undefined;
  readonly #scanning = new KeyedLock();
  /** Each rewrite of index.json has every entry in it, so one serves all referrers that wait for it. */
  readonly #listing = new GroupCommit<Listing>((listings, signal) => this.#listAll(listings, { signal }));

  constructor(path: string, file: IndexFile, limits: Limits) {
    this.path = path;
    this.limits = limits;
    this.#file = file;
    this.blobs = new BlobDirectory(path, { readFault: layoutUnreadable, writeFault: layoutUnwritable });
  }

  /** The entries of index.json as it is now. */
  async entries(): Promise<readonly LayoutEntry[]> {
    return this.#entriesOf(await this.#file.read());
  }

  /** Entries and all they lead to, read once for each state of index.json. */
  async view(signal?: AbortSignal): Promise<LayoutView> {
    // Who comes while another scans waits for what that one finds.
    return await this.#scanning.run('', () => this.#scanAlone(signal), signal);
  }

  /** Makes the directory a layout before its first blob comes. */
  async create(): Promise<void> {
    await this.#file.create();
  }

  /** Points a name at a manifest. */
  async name(
    descriptor: Descriptor,
    repository: string | undefined,
    tag: string | undefined,
    options: AbortableOptions,
  ): Promise<void> {
    await this.#file.update((state, raw) => {
      const entries = this.#entriesOf(state);
      if (tag !== undefined) return nameEntry(raw, descriptor, entryNameFor(entries, repository, tag));
      if (repository !== undefined) return nameEntry(raw, descriptor, digestNameFor(repository, descriptor));
      return raw.some((entry) => entry['digest'] === descriptor.digest) ? undefined : [...raw, { ...descriptor }];
    }, options);
  }

  /** Lists a referrer in both ways others read: as an entry of its own, and in the list under its subject's tag. */
  async list(
    descriptor: Descriptor,
    parsed: Manifest,
    subject: string,
    repository: string | undefined,
    options: AbortableOptions,
  ): Promise<void> {
    await this.#listing.add({ referrer: describeReferrer(descriptor, parsed), subject, repository }, options.signal);
  }

  async #listAll(listings: readonly Listing[], options: AbortableOptions): Promise<void> {
    let outdated: readonly string[] = [];
    await this.#file.update(async (state, raw) => {
      const entries = this.#entriesOf(state);
      const nameOf = ({ repository, subject }: Listing): string =>
        entryNameFor(entries, repository, referrersTag(subject)).name;
      let changed = raw;
      outdated = [];
      for (const name of new Set(listings.map(nameOf))) {
        const ours = listings.filter((listing) => nameOf(listing) === name);
        for (const { referrer } of ours) changed = addUntagged(changed, referrer) ?? changed;
        const current = entries.find((entry) => entry.name === name);
        const list = await this.#extendList(current, ours, options);
        if (list === undefined) continue;
        changed = replaceList(changed, list, name);
        if (current !== undefined) outdated = [...outdated, current.descriptor.digest];
      }
      return changed === raw ? undefined : changed;
    }, options);
    for (const digest of outdated) await this.#removeOwnList(digest);
  }

  async #scanAlone(signal: AbortSignal | undefined): Promise<LayoutView> {
    const { blobs, limits } = this;
    let state = await this.#file.read();
    for (let left = maxScans; ; left--) {
      const { stamp, index } = state;
      if (this.#view?.stamp === stamp) return this.#view;
      const scan = await scanReferrers(index.manifests, { blobs, limits, known: this.#known, signal });
      state = await this.#file.read();
      // Whoever replaces a list removes the one before it: what is missing may be no longer named either.
      if (scan.missing.length > 0 && state.stamp !== stamp && left > 0) continue;
      this.#view = { stamp, scan, entries: index.manifests.map(readEntry) };
      return this.#view;
    }
  }

  #entriesOf(state: IndexState): readonly LayoutEntry[] {
    if (this.#entries?.stamp !== state.stamp) {
      this.#entries = { stamp: state.stamp, entries: state.index.manifests.map(readEntry) };
    }
    return this.#entries.entries;
  }

  /** Writes a list that has the new referrers too; undefined when it has them already. */
  async #extendList(
    current: LayoutEntry | undefined,
    added: readonly Listing[],
    options: AbortableOptions,
  ): Promise<Descriptor | undefined> {
    const [subject = ''] = added.map((listing) => listing.subject);
    const listed = current === undefined ? [] : await this.#readList(current, subject, options);
    const known = new Set(listed.map((entry) => entry['digest']));
    const missing = new Map(added.map(({ referrer }) => [referrer.digest, referrer]));
    for (const digest of known) missing.delete(digest as string);
    if (missing.size === 0) return undefined;
    const entries = [...missing.values()].map((referrer): RawEntry => ({ ...referrer }));
    return await this.#writeList([...listed, ...entries], options);
  }

  /** Reads the entries of a list, fields nobody here knows included. */
  async #readList(entry: LayoutEntry, subject: string, options: AbortableOptions): Promise<readonly RawEntry[]> {
    const { descriptor, name } = entry;
    const read = isIndexType(descriptor.mediaType) && isListFor(entry, subject);
    const manifest = read ? await readManifest(this.blobs, descriptor, { limits: this.limits, ...options }) : undefined;
    if (manifest === undefined) {
      throw layoutInvalid(
        this.path,
        `${name ?? descriptor.digest} is named as a list of referrers and is none, or is not there`,
      );
    }
    return (JSON.parse(manifest.bytes.toString()) as { manifests: RawEntry[] }).manifests;
  }

  async #writeList(entries: readonly RawEntry[], options: AbortableOptions): Promise<Descriptor> {
    const manifests = [...entries].sort((a, b) => (String(a['digest']) < String(b['digest']) ? -1 : 1));
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    const list = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length };
    if (!(await this.blobs.has(list, options))) {
      await this.blobs.write(list, bytes, options);
      this.#ownLists.add(list.digest);
    }
    return list;
  }

  async #removeOwnList(digest: string): Promise<void> {
    if (!this.#ownLists.delete(digest)) return;
    if ((await this.entries()).some(({ descriptor }) => descriptor.digest === digest)) return;
    await this.blobs.remove(digest);
  }
}
