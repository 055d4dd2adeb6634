import type { Descriptor, Platform } from '../oci/descriptor.js';
import { type DigestAlgorithm, digestOf } from '../oci/digest.js';
import { mediaTypes } from '../oci/media-types.js';

/** A blob with its descriptor. */
export interface TestBlob {
  /** Type, digest and size of the bytes. */
  readonly descriptor: Descriptor;
  /** The bytes. */
  readonly bytes: Uint8Array;
}

/** A manifest with everything below it, ready for a store, a layout or a push. */
export interface TestContent {
  /**
   * Descriptor of the manifest: with its platform for an image, with artifact type and annotations for an artifact or an
   * index, as a list of referrers has them.
   */
  readonly descriptor: Descriptor;
  /** The raw bytes of the manifest. */
  readonly manifest: Uint8Array;
  /** Config and layers; an index has none of its own. */
  readonly blobs: readonly TestBlob[];
  /** Manifests of an index; otherwise empty. */
  readonly children: readonly TestContent[];
}

/** What every builder takes. */
export interface TestContentOptions {
  /** Annotations of the manifest. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Algorithm of the manifest's own digest; sha256 by default. Blobs are sha256 always. */
  readonly algorithm?: DigestAlgorithm | undefined;
}

/** Options of {@link buildImage}. */
export interface TestImageOptions extends TestContentOptions {
  /** Layers, served as uncompressed tar; one small layer by default. */
  readonly layers?: readonly Uint8Array[] | undefined;
  /** Platform in config and descriptor; linux/amd64 in the config alone by default. */
  readonly platform?: Platform | undefined;
}

/** Options of {@link buildIndex}. */
export interface TestIndexOptions extends TestContentOptions {
  /** What kind of artifact the index is. */
  readonly artifactType?: string | undefined;
  /** The manifest the index refers to. */
  readonly subject?: Descriptor | undefined;
}

/** Options of {@link buildArtifact}. */
export interface TestArtifactOptions extends TestContentOptions {
  /** What kind of artifact it is, such as `application/spdx+json`. */
  readonly artifactType: string;
  /** The manifest it refers to; without one it is no referrer. */
  readonly subject?: Descriptor | undefined;
  /** What it says; a text is encoded as UTF-8. */
  readonly content: Uint8Array | string;
  /** Media type of the content; the artifact type by default. */
  readonly contentType?: string | undefined;
}

/**
 * Builds an image from layers; the same options give the same bytes.
 *
 * @returns manifest, config and layers, with digests and sizes that are right
 */
export function buildImage(options: TestImageOptions = {}): TestContent {
  const layers = (options.layers ?? [Buffer.from('a layer\n')]).map((bytes) => blobOf(bytes, mediaTypes.ociLayer));
  const { architecture, os, variant } = options.platform ?? { architecture: 'amd64', os: 'linux' };
  const diffIds = layers.map((layer) => layer.descriptor.digest);
  const config = blobOf(
    encode({ architecture, os, variant, config: {}, rootfs: { type: 'layers', diff_ids: diffIds } }),
    mediaTypes.ociConfig,
  );
  const manifest = encode({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers: layers.map((layer) => layer.descriptor),
    annotations: options.annotations,
  });
  const descriptor = describe(manifest, mediaTypes.ociManifest, options.algorithm);
  return {
    descriptor: options.platform === undefined ? descriptor : { ...descriptor, platform: options.platform },
    manifest,
    blobs: [config, ...layers],
    children: [],
  };
}

/** Builds an index over other content, in the order given; each child is listed with its descriptor. */
export function buildIndex(children: readonly TestContent[], options: TestIndexOptions = {}): TestContent {
  const manifest = encodeIndex(
    children.map((child) => child.descriptor),
    options,
  );
  return {
    descriptor: {
      ...describe(manifest, mediaTypes.ociIndex, options.algorithm),
      ...listed(options.artifactType, options),
    },
    manifest,
    blobs: [],
    children,
  };
}

/**
 * Builds an artifact, such as an SBOM or a signature, that refers to a subject.
 *
 * @returns an image manifest with the empty config, one layer and the subject; its descriptor carries artifact type and
 * annotations, as a list of referrers does
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 */
export function buildArtifact(options: TestArtifactOptions): TestContent {
  const { artifactType, subject, content } = options;
  const config = blobOf(Buffer.from('{}'), mediaTypes.ociEmpty);
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const layer = blobOf(bytes, options.contentType ?? artifactType);
  const manifest = encode({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType,
    config: config.descriptor,
    layers: [layer.descriptor],
    subject: subject === undefined ? undefined : core(subject),
    annotations: options.annotations,
  });
  return {
    descriptor: {
      ...describe(manifest, mediaTypes.ociManifest, options.algorithm),
      ...listed(artifactType, options),
    },
    manifest,
    blobs: [config, layer],
    children: [],
  };
}

/** Encodes an OCI index over descriptors that may point anywhere. */
export function encodeIndex(manifests: readonly Descriptor[], options: TestIndexOptions = {}): Uint8Array {
  const { artifactType, subject, annotations } = options;
  return encode({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    artifactType,
    manifests,
    subject: subject === undefined ? undefined : core(subject),
    annotations,
  });
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function blobOf(bytes: Uint8Array, mediaType: string): TestBlob {
  return { descriptor: describe(bytes, mediaType), bytes };
}

function describe(bytes: Uint8Array, mediaType: string, algorithm?: DigestAlgorithm): Descriptor {
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length };
}

/** A subject is named by type, digest and size; what lists say about it does not belong there. */
function core({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function listed(artifactType: string | undefined, { annotations }: TestContentOptions): Partial<Descriptor> {
  return {
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
