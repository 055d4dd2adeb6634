import type { AbortableOptions } from '../content/abort.js';
import type { BlobDirectory } from '../content/blob-directory.js';
import type { Limits } from '../content/limits.js';
import { readContent } from '../content/read.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isManifestType, mediaTypes } from '../oci/media-types.js';
import { parseStrictJson } from '../oci/strict-json.js';

/** A manifest of a layout, described by its own bytes. */
export interface LayoutManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/**
 * Reads a manifest by its digest alone: lists state wrong sizes and types, and a layout keeps no type beside its content.
 *
 * @param listed - digest, and the type to take where the manifest has none
 * @returns undefined where nothing stands under the digest
 * @throws LimitError, IntegrityError, ProtocolError `ERR_OCI_BAD_JSON`
 */
export async function readManifest(
  blobs: BlobDirectory,
  { digest, mediaType }: Pick<Descriptor, 'digest'> & { readonly mediaType?: string },
  { limits, signal }: AbortableOptions & { readonly limits: Limits },
): Promise<LayoutManifest | undefined> {
  const size = await blobs.sizeOf(digest);
  if (size === undefined) return undefined;
  const bound = { limitName: 'maxManifestBytes', limit: limits.maxManifestBytes };
  const listed = { mediaType: mediaType ?? mediaTypes.ociManifest, digest, size };
  const bytes = await readContent(blobs, listed, bound, { signal });
  return { descriptor: { ...listed, mediaType: ownType(bytes, digest) ?? mediaType ?? mediaTypes.ociManifest }, bytes };
}

/** The type a manifest states, or that its shape shows; undefined for anything else. */
function ownType(bytes: Uint8Array, digest: string): string | undefined {
  const value = parseStrictJson(bytes, `manifest ${digest}`);
  if (typeof value !== 'object' || value === null) return undefined;
  const { mediaType, manifests } = value as { mediaType?: unknown; manifests?: unknown };
  if (typeof mediaType === 'string' && isManifestType(mediaType)) return mediaType;
  return Array.isArray(manifests) ? mediaTypes.ociIndex : undefined;
}
