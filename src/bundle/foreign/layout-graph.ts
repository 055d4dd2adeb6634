import { OciError } from '../../errors/index.js';
import type { Descriptor } from '../../oci/descriptor.js';
import { blobsBelow, type Manifest, manifestsBelow, parseManifest } from '../../oci/manifest.js';
import { isIndexType, isManifestType } from '../../oci/media-types.js';
import { shortDigest } from '../bundle-owners.js';
import { blobPath, entryPaths } from '../entry-paths.js';
import type { FindingReport } from '../finding.js';
import { isNondistributable } from '../plan-content.js';
import { readLayoutDocuments } from './layout-documents.js';
import { checkRequired, collectReferrers, type RootEntry, rootsOf } from './layout-referrers.js';
import type { LayoutRun } from './layout-run.js';

/** What is known of a layout once its index.json has been followed. */
export interface LayoutGraph {
  readonly roots: readonly RootEntry[];
  /** Every manifest that was reached and read, by digest. */
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly reached: ReadonlySet<string>;
}

/** Follows index.json to everything it leads to, when the whole archive has been read. */
export function checkLayout(run: LayoutRun): void {
  const entries = readLayoutDocuments(run);
  if (entries === undefined) return;
  if (run.settings.checkReferrers) {
    const message = 'an image layout does not say how its referrers were found, or that these are all';
    run.report({ code: 'DiscoveryIncomplete', severity: 'error', path: entryPaths.index, message });
  }
  const roots = rootsOf(entries);
  const walk: Walk = { run, manifests: new Map(), reached: new Set() };
  follow(
    walk,
    roots.map(({ descriptor, name }) => ({ descriptor, from: entryPaths.index, image: name })),
  );
  const graph: LayoutGraph = { roots, manifests: walk.manifests, reached: walk.reached };
  run.summary = collectReferrers(run, graph);
  checkRequired(run, graph, run.summary);
}

interface Walk {
  readonly run: LayoutRun;
  readonly manifests: Map<string, Manifest>;
  readonly reached: Set<string>;
}

interface Step {
  readonly descriptor: Descriptor;
  /** What names it, for messages. */
  readonly from: string;
  /** Name of the image it was reached from. */
  readonly image: string | undefined;
}

/** Walks down breadth first; each manifest is looked into once, each descriptor is checked. */
function follow(walk: Walk, roots: readonly Step[]): void {
  const { run, manifests, reached } = walk;
  const { maxDepth } = run.settings.limits;
  let level = roots;
  for (let depth = 0; level.length > 0; depth++) {
    const below: Step[] = [];
    for (const step of level) {
      const { descriptor, image } = step;
      const { digest } = descriptor;
      if (!checkDescriptor(run, step)) continue;
      const isNew = !reached.has(digest);
      reached.add(digest);
      if (!isManifestType(descriptor.mediaType) || (!isNew && manifests.has(digest))) continue;
      if (depth > maxDepth) {
        const message = `a manifest lies deeper than maxDepth (${maxDepth}) below index.json`;
        run.report({ code: 'LimitExceeded', message, digest, expected: String(maxDepth) });
        return;
      }
      const manifest = readManifest(run, step);
      if (manifest === undefined) continue;
      manifests.set(digest, manifest);
      run.forget(digest);
      const from = `manifest ${shortDigest(digest)}`;
      for (const blob of blobsBelow(manifest)) {
        // What an artifact carries as a file is no manifest to anybody, whatever its type.
        if (checkDescriptor(run, { descriptor: blob, from, image })) reached.add(blob.digest);
      }
      for (const child of manifestsBelow(manifest)) below.push({ descriptor: child, from, image });
    }
    level = below;
  }
}

/** Checks that what a descriptor names is there in its size. */
function checkDescriptor(run: LayoutRun, { descriptor, from, image }: Step): boolean {
  const { digest, size, mediaType } = descriptor;
  const about: Pick<FindingReport, 'path' | 'digest' | 'image'> = { path: blobPath(digest), digest, image };
  const blob = run.blobs.get(digest);
  if (blob === undefined) {
    const isOutside = isNondistributable(mediaType);
    const what = isManifestType(mediaType) ? 'a manifest' : 'a blob';
    const message = `${from} names ${what} that is not in the layout${isOutside ? ', by its licence' : ''}`;
    run.report({ code: isOutside ? 'ExternalBlob' : 'BlobMissing', message, ...about });
    return false;
  }
  if (blob.size !== size) {
    const message = `${from} says another size than this blob has`;
    run.report({ code: 'BlobSizeMismatch', message, ...about, expected: String(size), actual: String(blob.size) });
  }
  return true;
}

function readManifest(run: LayoutRun, { descriptor, image }: Step): Manifest | undefined {
  const { digest, mediaType } = descriptor;
  // That it has other content has been reported.
  if (run.broken.has(digest)) return undefined;
  const blob = run.blobs.get(digest);
  const about = { path: blobPath(digest), digest, image };
  const limit = run.settings.limits.maxManifestBytes;
  if (blob !== undefined && blob.size > limit) {
    const message = `a manifest is larger than maxManifestBytes (${limit}) and was not read`;
    run.report({ code: 'LimitExceeded', message, ...about, expected: String(limit), actual: String(blob.size) });
    return undefined;
  }
  const excess = blob?.bytes === undefined ? undefined : run.values.take(blob.bytes);
  if (excess !== undefined) {
    const message = `a manifest, with those before it, has ${excess.what} than may be (${excess.limit}) and was not read`;
    run.report({ code: 'LimitExceeded', message, ...about, expected: String(excess.limit) });
    return undefined;
  }
  const code = isIndexType(mediaType) ? 'OciIndexInvalid' : 'OciManifestInvalid';
  try {
    return parseManifest(blob?.bytes ?? Buffer.alloc(0), mediaType, `manifest ${shortDigest(digest)}`);
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    run.report({ code, message: error.message, ...about });
    return undefined;
  }
}
