import type { Readable } from 'node:stream';
import type { Attempt } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { AbortableOptions } from './abort.js';

/** Anything that can hand out content by descriptor: a registry, a layout directory, a bundle. */
export interface ContentSource {
  /**
   * Opens the content a descriptor names.
   *
   * @returns a stream the caller reads to its end or destroys; it fails unless size and digest match, so bytes count as
   * verified only once the stream has ended
   */
  fetch(descriptor: Descriptor, options?: AbortableOptions): Promise<Readable>;
}

/** Options of {@link ReferrersSource.listReferrers}. */
export interface ListReferrersOptions extends AbortableOptions {
  /** Types to keep; none keeps everything. Always applied here, whatever the server says it did. */
  readonly artifactTypes?: readonly string[] | undefined;
  /**
   * Takes each type from the referrer's own manifest instead of the list; false by default.
   *
   * @remarks With a filter, a referrer that the list gives no type, or that of its config, is looked up in any case. A
   * server that filters by the wrong field may still hide some of several: true, or `serverFilter: false`, finds all.
   */
  readonly resolveTypes?: boolean | undefined;
  /** Sends a single type to the server as well; the resolver's setting by default. */
  readonly serverFilter?: boolean | undefined;
  /** Also looks for cosign's older `sha256-<hex>.sig`, `.att` and `.sbom` tags; the resolver's setting by default. */
  readonly legacyTags?: boolean | undefined;
  /**
   * Asks that the subject is known in the repository before an absent referrers tag counts as an empty list, and asks the
   * API anew instead of remembering that there is none; false by default, true in closures and exports.
   */
  readonly confirmSubject?: boolean | undefined;
  /**
   * Also reads the referrers tag where the referrers API answered, and unites both; false by default, true in exports.
   *
   * @remarks A registry that was given the API in mid-life may not list there what was attached before. No effect with
   * `fallbackHosts: false`.
   */
  readonly includeTagSchema?: boolean | undefined;
}

/** An artifact under one of cosign's older tags; it has no subject of its own. */
export interface LegacyArtifact {
  /** The tag that carries it. */
  readonly tag: string;
  /** Its manifest. */
  readonly descriptor: Descriptor;
}

/** A confirmed list of referrers, and the evidence for it. */
export interface ReferrersList {
  /** The manifest that was asked about. */
  readonly subject: Descriptor;
  /** Everything that refers to it, each digest once. */
  readonly referrers: readonly Descriptor[];
  /** Which endpoint decided, also when the list is empty. */
  readonly source: 'api' | 'tag-schema' | 'layout' | 'bundle';
  /** Artifacts found under cosign's older tags, with the tag that carries them. */
  readonly legacy: readonly LegacyArtifact[];
  /** Who applied the filter: the server says so too, only we did, or there was none. */
  readonly filterAppliedBy: 'server' | 'client' | 'none';
  /** Pages that were read. */
  readonly pages: number;
  /** `host[:port]` that gave the list. */
  readonly host: string;
  /** Every request that was made. */
  readonly attempts: readonly Attempt[];
  /** What a person should know about this list. */
  readonly warnings: readonly string[];
}

/** Options of {@link FetcherByDigest.fetchByDigest}. */
export interface FetchByDigestOptions extends AbortableOptions {
  /** What the digest names; absent asks for a manifest first and for a blob when there is none. */
  readonly kind?: 'manifest' | 'blob' | undefined;
}

/** Content that was found by its digest alone. */
export interface FetchedContent {
  /** Media type and size as the source states them; the digest is the one that was asked for. */
  readonly descriptor: Descriptor;
  /** The content; it fails on a wrong digest. The caller reads it to its end or destroys it. */
  readonly body: Readable;
}

/** Fetches content by digest alone, where no descriptor is at hand or its size cannot be trusted. */
export interface FetcherByDigest {
  /**
   * Opens content by its digest.
   *
   * @remarks Capped by `limits.maxManifestBytes` or `limits.maxBlobBytes`, with or without a Content-Length.
   */
  fetchByDigest(digest: string, options?: FetchByDigestOptions): Promise<FetchedContent>;
}

/** A content source that also knows what refers to what. */
export interface ReferrersSource extends ContentSource {
  /** Fetches by digest alone; a source whose lists may state wrong sizes needs it. */
  readonly fetchByDigest?: FetcherByDigest['fetchByDigest'];
  /** Lists what refers to a manifest; an empty list is a confirmed fact, every fault throws. */
  listReferrers(descriptor: Descriptor, options?: ListReferrersOptions): Promise<ReferrersList>;
}

/** What became of a push. */
export interface PushResult {
  /** The content that was pushed. */
  readonly descriptor: Descriptor;
  /** False when the target had it already. */
  readonly uploaded: boolean;
  /** How the target keeps a referrer listed; absent when the content has no subject. */
  readonly referrers?: 'api' | 'tag-schema' | 'layout' | undefined;
}

/** One repository, or one layout, that content can be put into. */
export interface PushTarget extends ReferrersSource {
  /** Puts content there; a function is called again for every retry and gives a fresh stream each time. */
  push(
    descriptor: Descriptor,
    content: Uint8Array | (() => Readable),
    options?: { readonly tag?: string | undefined } & AbortableOptions,
  ): Promise<PushResult>;
  /** Refuses a subject whose referrers this target could not keep listed; asked before anything is pushed. */
  assertListable(subject: Descriptor, options?: AbortableOptions): Promise<void>;
  /** Tells whether the content is there. */
  exists(descriptor: Descriptor, options?: AbortableOptions): Promise<boolean>;
  /** Takes a blob over from another repository of the same registry; false when the registry would not. */
  mount(descriptor: Descriptor, fromRepository: string, options?: AbortableOptions): Promise<boolean>;
  /** Points a tag at a manifest that is there. */
  tag(descriptor: Descriptor, tag: string, options?: AbortableOptions): Promise<void>;
  /** Lists a manifest that has no tag, where nothing else keeps it: in a layout, not in a registry. */
  readonly keep?: (descriptor: Descriptor, options?: AbortableOptions) => Promise<void>;
  /**
   * Referrers to push at once where a target makes one change of many; never less than the transfer's own concurrency.
   */
  readonly referrersAtOnce?: number | undefined;
  /** Finds what a tag points to; undefined when the tag does not exist. */
  resolveTag(tag: string, options?: AbortableOptions): Promise<Descriptor | undefined>;
}
