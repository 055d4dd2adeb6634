import type { AbortableOptions } from '../content/abort.js';
import type {
  ContentSource,
  FetchByDigestOptions,
  FetchedContent,
  FetcherByDigest,
  ListReferrersOptions,
  PushTarget,
  ReferrersList,
} from '../content/sources.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { Logger } from '../telemetry/logger.js';
import type { ProbeOptions, RegistryCapabilities } from './capabilities.js';

/** Finds what refers to a manifest; small enough to be the only thing another tool is given. */
export interface ReferrersFetcher {
  /**
   * Lists what refers to a manifest.
   *
   * @remarks The filter is applied here whatever the server says it did; where a list gives no type, the referrer's own
   * manifest is asked. {@link Fetcher.listReferrers} gives the same list with the evidence for it.
   * @param descriptor - the subject, as `resolve` returned it
   * @param artifactTypes - types to keep; none keeps everything
   * @returns each referrer once; an empty array is a confirmed fact
   * @throws OciError with any code of discovery; see `docs/errors.md`
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
   */
  fetchReferrers(descriptor: Descriptor, ...artifactTypes: string[]): Promise<Descriptor[]>;
}

/** Reads content of one repository and finds what refers to it. */
export interface Fetcher extends ContentSource, ReferrersFetcher, FetcherByDigest {
  /**
   * Lists what refers to a manifest, with the evidence for the list.
   *
   * @param descriptor - the subject, as `resolve` returned it
   * @param options - types, where types come from, older tags, signal
   * @throws OciError with any code of discovery and `attempts`; see `docs/errors.md`
   */
  listReferrers(descriptor: Descriptor, options?: ListReferrersOptions): Promise<ReferrersList>;
}

/** Puts content into one repository; it can read there too, so that a push can be checked. */
export interface Pusher extends PushTarget, Fetcher {
  fetchByDigest(digest: string, options?: FetchByDigestOptions): Promise<FetchedContent>;
  /**
   * Deletes a manifest or a blob by its digest, with every tag that points to it.
   *
   * @remarks A referrer at a registry without the referrers API is first taken off the list under its subject's
   * referrers tag; a list that becomes empty stays as an empty one. Nothing else is deleted: neither the referrers of a
   * manifest nor its blobs. Most registries only delete when they are configured to.
   * @param descriptor - what to delete; its media type says whether it is a manifest or a blob
   * @throws OciError `ERR_OCI_NOT_FOUND` when it is not there; `ERR_OCI_REGISTRY_STATUS` with status 405 or 400 when
   * the registry does not delete; `ERR_OCI_DENIED` when the account may not; `ERR_OCI_REFERRERS_TAG_INVALID` when the
   * referrers tag holds something else than a list, and nothing was deleted; `ERR_OCI_REFERRERS_TAG_CONFLICT` when the
   * list could not be changed, or the manifest is left without its entry. The message says what state is left.
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#content-management
   */
  delete(descriptor: Descriptor, options?: AbortableOptions): Promise<void>;
}

/** A reference and what it points to. */
export interface Resolved {
  /** The reference pinned by digest. */
  readonly name: string;
  /** Type, digest and size of the manifest. */
  readonly descriptor: Descriptor;
}

/** The front door: turns references into descriptors, fetchers and pushers. */
export interface Resolver extends AsyncDisposable {
  /**
   * Finds what a reference points to.
   *
   * @param reference - such as `registry.example.com/team/app:1.2`
   * @throws OciError `ERR_OCI_INVALID_REFERENCE`, `ERR_OCI_NOT_FOUND`, and every code of a request
   */
  resolve(reference: string, options?: AbortableOptions): Promise<Resolved>;
  /** Creates a fetcher for the repository of a reference; the signal given here aborts everything it does. */
  fetcher(reference: string, options?: AbortableOptions): Promise<Fetcher>;
  /** Creates a pusher for the repository of a reference; the signal given here aborts everything it does. */
  pusher(reference: string, options?: AbortableOptions): Promise<Pusher>;
  /**
   * Finds out what the registry of a reference can do; {@link probeCapabilities} says more.
   *
   * @param reference - an image that exists there
   * @param options - whether to write, whether to ask anew
   * @throws OciError for every fault that leaves a capability open
   */
  probe(reference: string, options?: ProbeOptions): Promise<RegistryCapabilities>;
  /** Where this resolver, and the workflows that use it, write what they are doing. */
  readonly logger: Logger;
  /** Ends every connection; calls made later throw `ERR_OCI_CLOSED`. */
  close(): Promise<void>;
}
