import { z } from 'zod';
import { ProtocolError } from '../errors/index.js';
import { type Descriptor, descriptorSchema, isPlainDescriptor, plainFields, sharedFields } from './descriptor.js';
import { listOf } from './first-fault.js';
import { isIndexType, isManifestType, mediaTypeOf, mediaTypes } from './media-types.js';
import { plainListOf, plainObject } from './plain-object.js';
import { checkJson, parseStrictJson } from './strict-json.js';

/**
 * An image manifest: one image, or one artifact.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
export interface ImageManifest {
  /** Always 2. */
  readonly schemaVersion: 2;
  /** Its own media type; Docker and OCI manifests share this shape. */
  readonly mediaType?: string | undefined;
  /** What kind of artifact this is, when it is not an image. */
  readonly artifactType?: string | undefined;
  /** The configuration object. */
  readonly config: Descriptor;
  /** Layers of an image, or the content of an artifact. */
  readonly layers: readonly Descriptor[];
  /** The manifest this one refers to. */
  readonly subject?: Descriptor | undefined;
  /** Annotations. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * An image index: several manifests under one digest, or a list of referrers.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export interface ImageIndex {
  /** Always 2. */
  readonly schemaVersion: 2;
  /** Its own media type. */
  readonly mediaType?: string | undefined;
  /** What kind of artifact this is, when it is not an image. */
  readonly artifactType?: string | undefined;
  /** The manifests. */
  readonly manifests: readonly Descriptor[];
  /** The manifest this one refers to. */
  readonly subject?: Descriptor | undefined;
  /** Annotations. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** A parsed manifest of either kind. */
export type Manifest = ParsedManifest | ParsedIndex;

/** A parsed image manifest. */
export interface ParsedManifest {
  /** Tells it from an index. */
  readonly kind: 'manifest';
  /** Media type it came as. */
  readonly mediaType: string;
  /** What it says. */
  readonly manifest: ImageManifest;
}

/** A parsed image index. */
export interface ParsedIndex {
  /** Tells it from an image manifest. */
  readonly kind: 'index';
  /** Media type it came as. */
  readonly mediaType: string;
  /** What it says. */
  readonly index: ImageIndex;
}

const common = {
  schemaVersion: z.literal(2),
  mediaType: sharedFields.mediaType.optional(),
  artifactType: sharedFields.artifactType,
  annotations: sharedFields.annotations,
  subject: descriptorSchema.nullish().transform((value) => value ?? undefined),
};
// A document that is image manifest and index at once reads differently in different tools (CVE-2021-41190).
const absent = z.undefined({ error: 'belongs to the other kind of manifest' });
const imageManifestSchema: z.ZodType<ImageManifest> = z.object({
  ...common,
  config: descriptorSchema,
  layers: listOf(descriptorSchema, isPlainDescriptor),
  manifests: absent.optional(),
});
const imageIndexSchema: z.ZodType<ImageIndex> = z.object({
  ...common,
  manifests: listOf(descriptorSchema, isPlainDescriptor),
  layers: absent.optional(),
  config: absent.optional(),
});

const plainCommon = {
  ...plainFields,
  schemaVersion: (value: unknown): boolean => value === 2,
  subject: isPlainDescriptor,
};
const isPlainManifest = plainObject<ImageManifest>(
  { ...plainCommon, config: isPlainDescriptor, layers: plainListOf(isPlainDescriptor) },
  ['schemaVersion', 'config', 'layers'],
);
const isPlainIndex = plainObject<ImageIndex>({ ...plainCommon, manifests: plainListOf(isPlainDescriptor) }, [
  'schemaVersion',
  'manifests',
]);

function parseImageManifest(bytes: Uint8Array, what: string): ImageManifest {
  const value = parseStrictJson(bytes, what);
  return isPlainManifest(value) ? value : checkJson(value, imageManifestSchema, what);
}

function parseImageIndex(bytes: Uint8Array, what: string): ImageIndex {
  const value = parseStrictJson(bytes, what);
  return isPlainIndex(value) ? value : checkJson(value, imageIndexSchema, what);
}

/**
 * Parses the raw bytes of a manifest strictly.
 *
 * @param bytes - the document, already within its size limit
 * @param contentType - the media type it was served or described as; parameters are ignored
 * @param what - what the document is, for messages
 * @throws {@link ProtocolError} `ERR_OCI_BAD_JSON`, `ERR_OCI_BAD_SCHEMA`, or `ERR_OCI_BAD_CONTENT_TYPE` when the body
 * claims another media type than it came with
 */
export function parseManifest(bytes: Uint8Array, contentType: string, what: string): Manifest {
  const mediaType = mediaTypeOf(contentType);
  if (isIndexType(mediaType)) {
    const index = parseImageIndex(bytes, what);
    assertSameType(index.mediaType, mediaType, what);
    return { kind: 'index', mediaType, index };
  }
  if (mediaType !== mediaTypes.ociManifest && mediaType !== mediaTypes.dockerManifest) {
    throw new ProtocolError(
      'ERR_OCI_BAD_CONTENT_TYPE',
      `${what} has media type ${JSON.stringify(mediaType)}, which is not a manifest`,
    );
  }
  const manifest = parseImageManifest(bytes, what);
  assertSameType(manifest.mediaType, mediaType, what);
  return { kind: 'manifest', mediaType, manifest };
}

/** Parses an OCI image index, such as a list of referrers, strictly; other manifests are refused. */
export function parseIndex(bytes: Uint8Array, what: string): ImageIndex {
  const index = parseImageIndex(bytes, what);
  assertSameType(index.mediaType, mediaTypes.ociIndex, what);
  return index;
}

/** Returns the manifests a manifest consists of: what an index lists, as far as it is of a manifest's type. */
export function manifestsBelow(parsed: Manifest): readonly Descriptor[] {
  return parsed.kind === 'index' ? parsed.index.manifests.filter((child) => isManifestType(child.mediaType)) : [];
}

/**
 * Returns the blobs a manifest consists of: config and layers, and what an index lists that is no manifest.
 *
 * @remarks A layer is a blob whatever its type: an artifact may carry a manifest as a file, and then its type says so. Such
 * a descriptor gets a type that no source or target mistakes for a manifest.
 */
export function blobsBelow(parsed: Manifest): readonly Descriptor[] {
  if (parsed.kind === 'index') return parsed.index.manifests.filter((child) => !isManifestType(child.mediaType));
  const { config, layers } = parsed.manifest;
  return [config, ...layers].map((blob) =>
    isManifestType(blob.mediaType) ? { ...blob, mediaType: 'application/octet-stream' } : blob,
  );
}

/** Returns the manifest a manifest refers to, if it is a referrer. */
export function subjectOf(parsed: Manifest): Descriptor | undefined {
  return parsed.kind === 'index' ? parsed.index.subject : parsed.manifest.subject;
}

/** Returns the annotations a manifest carries itself. */
export function annotationsOf(parsed: Manifest): Readonly<Record<string, string>> | undefined {
  return parsed.kind === 'index' ? parsed.index.annotations : parsed.manifest.annotations;
}

/**
 * Returns the artifact type as the specification derives it: `artifactType`, else the config's media type.
 *
 * @returns undefined for an index without `artifactType`
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export function artifactTypeOf(parsed: Manifest): string | undefined {
  if (parsed.kind === 'index') return parsed.index.artifactType;
  return parsed.manifest.artifactType ?? parsed.manifest.config.mediaType;
}

/** Describes a referrer as a list of referrers should: type, digest, size, artifactType and all annotations. */
export function describeReferrer(descriptor: Descriptor, parsed: Manifest): Descriptor {
  const artifactType = artifactTypeOf(parsed);
  const annotations = annotationsOf(parsed);
  return {
    mediaType: parsed.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function assertSameType(claimed: string | undefined, served: string, what: string): void {
  if (claimed === undefined || claimed === served) return;
  throw new ProtocolError('ERR_OCI_BAD_CONTENT_TYPE', `${what} came as ${served} but its body says ${claimed}`);
}
