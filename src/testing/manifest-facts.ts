import type { Descriptor } from '../oci/descriptor.js';
import { isIndexType } from '../oci/media-types.js';

/** What a registry takes from a manifest; everything else in it is only bytes. */
export interface ManifestFacts {
  /** The `mediaType` field. */
  readonly mediaType: string | undefined;
  /** Digest of the subject. */
  readonly subject: string | undefined;
  /** Its own `artifactType`, else the media type of an image manifest's config. */
  readonly artifactType: string | undefined;
  /** Its own `artifactType` alone. */
  readonly ownArtifactType: string | undefined;
  /** Media type of an image manifest's config. */
  readonly configType: string | undefined;
  /** Its annotations. */
  readonly annotations: Descriptor['annotations'];
  /** Digests of the blobs it needs; layers that are kept elsewhere are not among them. */
  readonly blobs: readonly string[];
  /** What an index lists, as far as it has a digest. */
  readonly children: readonly { readonly digest: string; readonly mediaType: string | undefined }[];
}

/**
 * Reads a manifest as leniently as a registry does.
 *
 * @returns undefined when the bytes are not a JSON object
 */
export function readManifestFacts(bytes: Uint8Array, mediaType: string): ManifestFacts | undefined {
  const manifest = parseObject(bytes);
  if (manifest === undefined) return undefined;
  const config = isIndexType(mediaType) ? undefined : objectOf(manifest['config']);
  const layers = isIndexType(mediaType) ? [] : arrayOf(manifest['layers']).map(objectOf);
  const children = isIndexType(mediaType) ? arrayOf(manifest['manifests']).map(objectOf) : [];
  const annotations = objectOf(manifest['annotations']);
  const ownArtifactType = textOf(manifest['artifactType']);
  const configType = textOf(config?.['mediaType']);
  return {
    mediaType: textOf(manifest['mediaType']),
    subject: textOf(objectOf(manifest['subject'])?.['digest']),
    artifactType: ownArtifactType ?? configType,
    ownArtifactType,
    configType,
    annotations: annotations as Descriptor['annotations'],
    blobs: [config, ...layers].flatMap((blob) => {
      const digest = textOf(blob?.['digest']);
      return blob === undefined || digest === undefined || isKeptElsewhere(blob) ? [] : [digest];
    }),
    children: children.flatMap((child) => {
      const digest = textOf(child?.['digest']);
      return digest === undefined ? [] : [{ digest, mediaType: textOf(child?.['mediaType']) }];
    }),
  };
}

/** Layers that must not, or need not, be in the registry: image-spec's non-distributable ones, Docker's foreign ones. */
function isKeptElsewhere(layer: Readonly<Record<string, unknown>>): boolean {
  return /nondistributable|\.foreign\./.test(textOf(layer['mediaType']) ?? '') || arrayOf(layer['urls']).length > 0;
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    return objectOf(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Readonly<Record<string, unknown>>;
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** An empty text means absent, as it does to every registry. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
