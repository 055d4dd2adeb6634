import { ArgumentError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf } from '../oci/digest.js';
import { mediaTypes } from '../oci/media-types.js';
import { isRepositoryName, isTag } from '../oci/reference.js';
import { referrersTag } from '../oci/referrers-tag.js';
import type { TestContent } from './fixtures.js';
import { encodeIndex } from './fixtures.js';
import { readManifestFacts } from './manifest-facts.js';

/** A manifest as a registry keeps it: raw bytes, and how it is listed where it refers to something. */
export interface StoredManifest {
  /** Media type it is served with. */
  readonly mediaType: string;
  /** The bytes it was pushed with. */
  readonly bytes: Uint8Array;
  /** Digest of its subject; absent when it is no referrer. */
  readonly subject?: string | undefined;
  /** Artifact type it is listed with. */
  readonly artifactType?: string | undefined;
  /** Annotations it is listed with. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** One repository; the maps may be changed at will, to lose content or to replace it by something else. */
export interface StoredRepository {
  /** Blobs by digest. */
  readonly blobs: Map<string, Uint8Array>;
  /** Manifests by digest. */
  readonly manifests: Map<string, StoredManifest>;
  /** Digests of manifests by tag. */
  readonly tags: Map<string, string>;
}

/**
 * What a test registry holds, open to tests: what is changed here is served from the next request on.
 *
 * @remarks Nothing is verified on the way out, so content under the wrong digest is served as it is.
 */
export class RegistryStore {
  /** Repositories by name. */
  readonly repositories: Map<string, StoredRepository> = new Map();

  /**
   * Returns a repository, and creates it where it is missing.
   *
   * @throws `ArgumentError` `ERR_OCI_INVALID_REFERENCE` for an illegal name
   */
  repository(name: string): StoredRepository {
    const known = this.repositories.get(name);
    if (known !== undefined) return known;
    if (!isRepositoryName(name)) throw invalid('repository', name);
    const created: StoredRepository = { blobs: new Map(), manifests: new Map(), tags: new Map() };
    this.repositories.set(name, created);
    return created;
  }

  /**
   * Puts content into a repository, blobs and children included, without a request.
   *
   * @remarks Referrers tags are the client's duty and are not touched; see {@link RegistryStore.setReferrersTag}.
   * @param repository - created where it is missing
   * @param content - what a builder such as `buildImage` made
   * @param options - `tag` points to the content
   * @returns the descriptor of the content
   * @throws `ArgumentError` `ERR_OCI_INVALID_REFERENCE` for an illegal repository or tag
   */
  add(repository: string, content: TestContent, options: { readonly tag?: string | undefined } = {}): Descriptor {
    if (options.tag !== undefined && !isTag(options.tag)) throw invalid('tag', options.tag);
    const { blobs, tags } = this.repository(repository);
    for (const blob of content.blobs) blobs.set(blob.descriptor.digest, blob.bytes);
    for (const child of content.children) this.add(repository, child);
    this.putManifest(repository, content.descriptor.digest, content.manifest, content.descriptor.mediaType);
    if (options.tag !== undefined) tags.set(options.tag, content.descriptor.digest);
    return content.descriptor;
  }

  /** Puts the raw bytes of a manifest into a repository under a digest, which need not be the right one. */
  putManifest(repository: string, digest: string, bytes: Uint8Array, mediaType: string): void {
    const { subject, artifactType, annotations } = readManifestFacts(bytes, mediaType) ?? {};
    this.repository(repository).manifests.set(digest, { mediaType, bytes, subject, artifactType, annotations });
  }

  /**
   * Writes the index that lists a subject's referrers under its referrers tag, as a client does where the registry has
   * no referrers API.
   *
   * @param repository - created where it is missing
   * @param subject - the manifest that is referred to
   * @param referrers - what the list says, in this order; an empty list is written too
   * @returns the tag
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
   */
  setReferrersTag(repository: string, subject: Descriptor, referrers: readonly Descriptor[]): string {
    const tag = referrersTag(subject.digest);
    const bytes = encodeIndex(referrers);
    const digest = digestOf(bytes);
    this.putManifest(repository, digest, bytes, mediaTypes.ociIndex);
    this.repository(repository).tags.set(tag, digest);
    return tag;
  }
}

function invalid(argument: string, text: string): ArgumentError {
  return new ArgumentError('ERR_OCI_INVALID_REFERENCE', `${argument} ${JSON.stringify(text)} is not a legal name`, {
    argument,
    hint: 'repositories are lower-case words between slashes, tags have up to 128 characters',
  });
}
