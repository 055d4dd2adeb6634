import { Readable } from 'node:stream';
import type { AbortableOptions } from '../content/abort.js';
import { notThere } from '../content/blob-directory.js';
import { assertContent, readBounded, tooLarge } from '../content/read.js';
import type {
  FetchByDigestOptions,
  FetchedContent,
  ListReferrersOptions,
  PushResult,
  PushTarget,
  ReferrersList,
} from '../content/sources.js';
import { ArgumentError, OciError, ReferrersError } from '../errors/index.js';
import { assertDescriptor, type Descriptor } from '../oci/descriptor.js';
import { parseManifest, subjectOf } from '../oci/manifest.js';
import { isManifestType } from '../oci/media-types.js';
import { isTag } from '../oci/reference.js';
import { entryNameFor } from './layout-names.js';
import type { LayoutStore } from './layout-store.js';
import { listLayoutReferrers } from './list-referrers.js';
import { readManifest } from './read-manifest.js';
import { namesOf, resolveName } from './resolve-name.js';

/** What a name stands for in a layout. */
export interface LayoutImage {
  /** Type, digest and size of the manifest. */
  readonly descriptor: Descriptor;
  /** `host/repository` the image belongs to, as far as the layout says so. */
  readonly repository: string | undefined;
  /** Its tag there. */
  readonly tag: string | undefined;
}

/**
 * An OCI image layout in a directory, as a source and as a target; made by {@link openLayout}.
 *
 * @remarks The directory is not trusted: content is hashed whenever it is read, and links are not followed. Several may
 * write at once, in this process or in others.
 */
export class Layout implements PushTarget {
  /** Those that come together are listed together: index.json is rewritten once for all of them. */
  readonly referrersAtOnce = 64;
  readonly #store: LayoutStore;
  readonly #repository: string | undefined;

  /** @internal */
  constructor(store: LayoutStore, repository: string | undefined) {
    this.#store = store;
    this.#repository = repository;
  }

  /** The directory. */
  get path(): string {
    return this.#store.path;
  }

  /** Names of its images, sorted; those of lists and of cosign's older tags are not among them. */
  async names(): Promise<readonly string[]> {
    return namesOf(await this.#store.entries());
  }

  /**
   * Finds what a name stands for.
   *
   * @param name - a tag, a full reference, a digest, or none where the layout holds one image
   * @throws OciError `ERR_OCI_NOT_FOUND`; {@link ArgumentError} `ERR_OCI_INVALID_REFERENCE` where several images fit. Both
   * list the names there are
   */
  async resolve(name?: string): Promise<LayoutImage> {
    const entries = await this.#store.entries();
    const { descriptor, repository, tag } = await resolveName(
      { path: this.path, entries, scan: async () => (await this.#store.view()).scan },
      name,
    );
    const manifest = await readManifest(this.#store.blobs, descriptor, this.#store);
    if (manifest === undefined) throw notThere(descriptor.digest, this.path);
    return { descriptor: manifest.descriptor, repository, tag };
  }

  /**
   * Gives the same layout, as one repository sees it: its lists leave out what another repository alone claims, and what is
   * put there is named for it.
   *
   * @param repository - `host/repository`
   */
  inRepository(repository: string | undefined): Layout {
    return new Layout(this.#store, repository);
  }

  async fetch(descriptor: Descriptor, options: AbortableOptions = {}): Promise<Readable> {
    assertDescriptor(descriptor);
    return await this.#store.blobs.fetch(descriptor, options);
  }

  async fetchByDigest(digest: string, options: FetchByDigestOptions = {}): Promise<FetchedContent> {
    const { kind, signal } = options;
    const { blobs, limits } = this.#store;
    const size = await blobs.sizeOf(digest);
    if (size === undefined) throw notThere(digest, this.path);
    if (kind === 'manifest' || (kind === undefined && size <= limits.maxManifestBytes)) {
      const manifest = await this.#tryManifest(digest, kind === 'manifest', signal);
      if (manifest !== undefined) return manifest;
    }
    if (size > limits.maxBlobBytes) {
      throw tooLarge({ limitName: 'maxBlobBytes', limit: limits.maxBlobBytes }, `${digest} in ${this.path}`);
    }
    const descriptor = { mediaType: 'application/octet-stream', digest, size };
    return { descriptor, body: await blobs.fetch(descriptor, { signal }) };
  }

  async listReferrers(descriptor: Descriptor, options: ListReferrersOptions = {}): Promise<ReferrersList> {
    assertDescriptor(descriptor, 'subject');
    options.signal?.throwIfAborted();
    const { entries, scan } = await this.#store.view(options.signal);
    const list = listLayoutReferrers(
      { path: this.path, entries, scan, repository: this.#repository },
      descriptor,
      options,
    );
    const isFound = list.referrers.length + list.legacy.length > 0;
    if (options.confirmSubject === true && !isFound && !scan.manifests.has(descriptor.digest)) {
      throw unknownSubject(descriptor.digest, this.path);
    }
    return list;
  }

  /**
   * Puts content into the layout; a referrer is listed for its subject, and a tag gives a manifest its name.
   *
   * @remarks A manifest with neither is kept and not listed: other tools may clean it up unless {@link keep} or an index
   * names it.
   */
  async push(
    descriptor: Descriptor,
    content: Uint8Array | (() => Readable),
    options: { readonly tag?: string | undefined } & AbortableOptions = {},
  ): Promise<PushResult> {
    assertDescriptor(descriptor);
    const { tag, signal } = options;
    const { blobs } = this.#store;
    if (content instanceof Uint8Array) assertContent(content, descriptor, 'the caller');
    if (tag !== undefined) assertTag(tag);
    const isThere = await blobs.has(descriptor, { signal });
    if (!isManifestType(descriptor.mediaType)) {
      if (tag !== undefined) throw notTaggable(descriptor);
      if (!isThere) await this.#write(descriptor, content instanceof Uint8Array ? content : content(), signal);
      return { descriptor, uploaded: !isThere };
    }
    const bytes = content instanceof Uint8Array ? content : await this.#bytesOf(descriptor, content, signal);
    const parsed = parseManifest(bytes, descriptor.mediaType, `manifest ${descriptor.digest}`);
    if (!isThere) await this.#write(descriptor, bytes, signal);
    const subject = subjectOf(parsed);
    if (subject !== undefined) {
      await this.#store.list(descriptor, parsed, subject.digest, this.#repository, { signal });
    }
    if (tag !== undefined) await this.#store.name(core(descriptor), this.#repository, tag, { signal });
    return { descriptor, uploaded: !isThere, ...(subject === undefined ? {} : { referrers: 'layout' }) };
  }

  async assertListable(subject: Descriptor, { signal }: AbortableOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    // What makes a list unreadable makes it impossible to add to.
    await this.listReferrers(subject, { signal });
  }

  async exists(descriptor: Descriptor, options: AbortableOptions = {}): Promise<boolean> {
    assertDescriptor(descriptor);
    return await this.#store.blobs.has(descriptor, options);
  }

  /** Never takes a blob over: a layout has one place for each. */
  mount(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async tag(descriptor: Descriptor, tag: string, options: AbortableOptions = {}): Promise<void> {
    assertDescriptor(descriptor);
    assertTag(tag);
    if (!(await this.exists(descriptor, options))) throw notThere(descriptor.digest, this.path);
    await this.#store.name(core(descriptor), this.#repository, tag, options);
  }

  async keep(descriptor: Descriptor, options: AbortableOptions = {}): Promise<void> {
    assertDescriptor(descriptor);
    if (!(await this.exists(descriptor, options))) throw notThere(descriptor.digest, this.path);
    await this.#store.name(core(descriptor), this.#repository, undefined, options);
  }

  async resolveTag(tag: string, { signal }: AbortableOptions = {}): Promise<Descriptor | undefined> {
    assertTag(tag);
    signal?.throwIfAborted();
    const entries = await this.#store.entries();
    const { name } = entryNameFor(entries, this.#repository, tag);
    const entry = entries.find((one) => one.name === name);
    return entry === undefined ? undefined : core(entry.descriptor);
  }

  async #write(descriptor: Descriptor, content: Uint8Array | Readable, signal: AbortSignal | undefined): Promise<void> {
    await this.#store.create();
    await this.#store.blobs.write(descriptor, content, { signal });
  }

  async #bytesOf(descriptor: Descriptor, open: () => Readable, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const limit = this.#store.limits.maxManifestBytes;
    const bytes = await readBounded(open(), { limitName: 'maxManifestBytes', limit }, descriptor.digest, signal);
    assertContent(bytes, descriptor, 'the caller');
    return bytes;
  }

  async #tryManifest(
    digest: string,
    isWanted: boolean,
    signal: AbortSignal | undefined,
  ): Promise<FetchedContent | undefined> {
    const { blobs, limits } = this.#store;
    try {
      const manifest = await readManifest(blobs, { digest }, { limits, signal });
      if (manifest === undefined) throw notThere(digest, this.path);
      const { descriptor, bytes } = manifest;
      if (!isWanted) parseManifest(bytes, descriptor.mediaType, digest);
      return { descriptor, body: Readable.from([bytes], { objectMode: false }) };
    } catch (error) {
      const isOther = error instanceof OciError && error.code.startsWith('ERR_OCI_BAD_');
      if (isOther && !isWanted) return undefined;
      throw error;
    }
  }
}

/** What came with a descriptor is no part of the layout's own entry. */
function core({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function unknownSubject(subject: string, path: string): ReferrersError {
  return new ReferrersError(
    'ERR_OCI_REFERRERS_UNCONFIRMED',
    `${path} lists nothing for ${subject} and does not hold it`,
    {
      subject,
      hint: 'check the digest; a layout says nothing about manifests it does not hold',
    },
  );
}

function assertTag(tag: string): void {
  if (isTag(tag)) return;
  throw new ArgumentError('ERR_OCI_INVALID_REFERENCE', `tag is not a legal tag: ${JSON.stringify(tag)}`, {
    argument: 'tag',
  });
}

function notTaggable({ mediaType }: Descriptor): ArgumentError {
  return new ArgumentError('ERR_OCI_INVALID_OPTION', `a tag can only point to a manifest, not to ${mediaType}`, {
    argument: 'tag',
  });
}
