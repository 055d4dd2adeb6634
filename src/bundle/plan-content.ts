import type { ContentSource } from '../content/sources.js';
import { IntegrityError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { blobsBelow, type Manifest, manifestsBelow } from '../oci/manifest.js';
import type { ReferrersGraph } from '../referrers/graph.js';
import { blobsOfBase, repositoriesOfBase } from './base-content.js';
import { compareText } from './canonical-json.js';
import type { BundleBase, ExternalBlob } from './record.js';

/** An image of the bundle with everything that was found about it. */
export interface CollectedImage {
  /** Registry, repository and tag; the digest where there is no tag. */
  readonly reference: string;
  /** Registry and repository. */
  readonly repository: string;
  readonly source: ContentSource;
  readonly graph: ReferrersGraph;
}

/** A manifest of the bundle; its bytes are known. */
export interface PlannedManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly parsed: Manifest;
}

/** A blob of the bundle; it is fetched when the bundle is written. */
export interface PlannedBlob {
  readonly descriptor: Descriptor;
  readonly source: ContentSource;
  /** The image it is fetched for, for messages. */
  readonly reference: string;
}

/** Everything the images consist of, each digest once. */
export interface PlannedContent {
  readonly manifests: ReadonlyMap<string, PlannedManifest>;
  readonly blobs: ReadonlyMap<string, PlannedBlob>;
  /** Layers that must not be passed on, and blobs that the base has; sorted by digest. */
  readonly external: readonly ExternalBlob[];
}

/**
 * Collects what the images consist of.
 *
 * @remarks A layer that one manifest calls nondistributable and another does not is included. A blob is left to the base
 * only if the base has images of every repository that needs it.
 * @param base - the bundle this one builds on
 * @throws {@link IntegrityError} `ERR_OCI_SIZE_MISMATCH` when two manifests state different sizes for one digest: one of
 * them could not be fetched
 */
export function planContent(images: readonly CollectedImage[], base?: BundleBase): PlannedContent {
  const manifests = new Map<string, PlannedManifest>();
  for (const { graph } of images) {
    for (const [digest, { bytes, parsed }] of graph.nodes) {
      manifests.set(digest, { mediaType: parsed.mediaType, bytes, parsed });
    }
  }
  const blobs = new Map<string, PlannedBlob>();
  const external = new Map<string, ExternalBlob>();
  const earlier = base === undefined ? new Map<string, number>() : blobsOfBase(base);
  const served = base === undefined ? new Set<string>() : repositoriesOfBase(base);
  const needed = new Set<string>();
  const sizes = new Map([...earlier, ...[...manifests].map(([digest, { bytes }]) => [digest, bytes.length] as const)]);
  for (const { graph, source, reference, repository } of images) {
    const nodes = [...graph.nodes].sort(([a], [b]) => compareText(a, b));
    for (const [, { parsed }] of nodes) {
      // A manifest that is not here belongs to a platform that was not asked for; it was not fetched.
      const children = manifestsBelow(parsed).filter(({ digest }) => manifests.has(digest));
      for (const child of children) assertSameSize(child, sizes, reference);
      for (const descriptor of blobsBelow(parsed)) {
        const { digest, size, mediaType } = descriptor;
        assertSameSize(descriptor, sizes, reference);
        if (manifests.has(digest)) continue;
        if (!served.has(repository)) needed.add(digest);
        if (isNondistributable(mediaType)) external.set(digest, { digest, size, reason: 'nondistributable' });
        else if (!blobs.has(digest)) blobs.set(digest, { descriptor, source, reference });
      }
    }
  }
  for (const [digest, { descriptor }] of blobs) {
    external.delete(digest);
    if (needed.has(digest) || !earlier.has(digest)) continue;
    blobs.delete(digest);
    external.set(digest, { digest, size: descriptor.size, reason: 'delta' });
  }
  return { manifests, blobs, external: [...external.values()].sort((a, b) => compareText(a.digest, b.digest)) };
}

function assertSameSize({ digest, size }: Descriptor, sizes: Map<string, number>, reference: string): void {
  const known = sizes.get(digest);
  if (known === undefined) sizes.set(digest, size);
  if (known === undefined || known === size) return;
  throw new IntegrityError(
    'ERR_OCI_SIZE_MISMATCH',
    `${digest} has ${size} bytes in one manifest of ${reference} and ${known} bytes in another place`,
    {
      expected: String(known),
      actual: String(size),
      hint: 'one of the manifests is wrong and cannot be pulled by anyone; leave its artifact out or have it rebuilt',
    },
  );
}

/** Layers that their licence keeps where they are (image-spec v1.1.1, layer, non-distributable layers; Docker foreign). */
export function isNondistributable(mediaType: string): boolean {
  return mediaType.includes('nondistributable') || mediaType.includes('foreign.diff');
}
