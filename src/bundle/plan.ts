import { defaultLimits } from '../content/limits.js';
import { BundleError, LimitError } from '../errors/index.js';
import { childrenOf, subjectOf } from '../oci/manifest.js';
import { formatPlatform } from '../referrers/platforms.js';
import { type BundleWriterOptions, creationTime } from './bundle-writer-options.js';
import { bundleIdOf } from './canonical-record.js';
import { emitRecordFiles } from './checksums.js';
import { layoutIndex } from './layout-index.js';
import { type CollectedImage, type PlannedContent, planContent } from './plan-content.js';
import { archiveSizeOf, type PlannedFile, planFiles } from './plan-files.js';
import { planSubjects } from './plan-subjects.js';
import { type BundleImage, type BundleRecord, type BundleSubject, bundleRecordSchema } from './record.js';
import { assertRequired } from './required-referrers.js';

/** What a bundle holds, in numbers. */
export interface BundleCounts {
  /** Images that were asked for. */
  readonly images: number;
  /** Manifests whose referrers were looked for, per repository. */
  readonly subjects: number;
  /** Referrers in the bundle, each digest once. */
  readonly referrers: number;
  /** Manifests and indexes: images, what is below them, referrers, and indexes of the referrers tag schema. */
  readonly manifests: number;
  /** Blobs, which are fetched when the bundle is written. */
  readonly blobs: number;
  /** Layers that stay outside. */
  readonly external: number;
}

/** What a bundle will be: plain data, nothing has been written. */
export interface BundlePlan extends Pick<BundleRecord, 'bundleId' | 'complete' | 'images' | 'entries' | 'external'> {
  /** Each list of referrers, with how it was found. */
  readonly subjects: readonly BundleSubject[];
  readonly counts: BundleCounts;
  /** Bytes of blobs that have to be fetched. */
  readonly blobBytes: number;
  /** Bytes of all entries together. */
  readonly totalBytes: number;
  /** Size of the bundle as `.tar`; a `.tgz` is 0.008 % larger. */
  readonly archiveBytes: number;
  /** What a person should know. */
  readonly warnings: readonly string[];
}

/** @internal A plan, and the files that carry it out, in the order of the archive. */
export interface PreparedBundle {
  readonly plan: BundlePlan;
  readonly files: readonly PlannedFile[];
}

/**
 * Plans a bundle from images whose closure has been walked; reads nothing and writes nothing.
 *
 * @param images - sorted by reference, so that the order they were added in does not change the bytes
 * @throws {@link BundleError} `ERR_OCI_REQUIRED_MISSING`
 */
export function planBundle(images: readonly CollectedImage[], options: BundleWriterOptions): PreparedBundle {
  assertRequired(images, options.requireReferrers ?? []);
  const content = planContent(images);
  const subjects = planSubjects(images);
  const shown = images.map(describeImage);
  const layout = layoutIndex(shown, subjects, options.layoutReferrers ?? 'both', (digest, subject) => {
    const manifest = content.manifests.get(digest);
    return manifest !== undefined && subjectOf(manifest.parsed)?.digest === subject;
  });
  assertReadable(layout.tagSchemaIndexes.values(), options.limits?.maxManifestBytes ?? defaultLimits.maxManifestBytes);
  const files = planFiles(content, subjects, layout);
  const entries = files.map(({ path, size, digest, mediaType }) => ({ path, size, digest, mediaType }));
  const record: BundleRecord = {
    schemaVersion: 1,
    bundleId: bundleIdOf(entries, content.external),
    createdAt: creationTime(options.createdAt),
    expiresAt: options.expiresAt,
    generator: '@stellaops/oci-referrers',
    complete: subjects.every((subject) => subject.discovery.complete),
    requireReferrers: options.requireReferrers ?? [],
    images: shown,
    referrers: { subjects },
    entries,
    external: content.external,
  };
  assertRecord(record);
  // The two files of the image layout come first, then what is made from the record, then all that the record names.
  const derived = emitRecordFiles(record).map(({ path, bytes }) => ({ path, size: bytes.length, bytes }));
  const archive = [...files.slice(0, 2), ...derived, ...files.slice(2)];
  return { plan: summarise(record, content, layout.tagSchemaIndexes.size, images, archive), files: archive };
}

function describeImage({ reference, graph }: CollectedImage): BundleImage {
  const { digest, mediaType } = graph.root;
  const parsed = graph.nodes.get(digest)?.parsed;
  const children = parsed?.kind === 'index' ? childrenOf(parsed) : [];
  const names = (isIncluded: boolean): readonly string[] => {
    const chosen = children.filter((child) => graph.nodes.has(child.digest) === isIncluded);
    const shown = chosen.map(({ platform }) => (platform === undefined ? 'unknown/unknown' : formatPlatform(platform)));
    // BuildKit's attestations are manifests of no platform: they are named only where one of them is missing.
    return [...new Set(shown)].filter((name) => !isIncluded || name !== 'unknown/unknown').sort();
  };
  const size = graph.nodes.get(digest)?.bytes.length ?? graph.root.size;
  return { reference, digest, mediaType, size, platforms: { included: names(true), missing: names(false) } };
}

function summarise(
  record: BundleRecord,
  content: PlannedContent,
  tagSchemaIndexes: number,
  images: readonly CollectedImage[],
  files: readonly PlannedFile[],
): BundlePlan {
  const { bundleId, complete, entries, external } = record;
  const { subjects } = record.referrers;
  const referrers = new Set(subjects.flatMap(({ artifacts }) => artifacts.map(({ digest }) => digest)));
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  const warnings = images.flatMap(({ reference, graph }) => graph.warnings.map((text) => `${reference}: ${text}`));
  if (external.length > 0) warnings.push(`${external.length} nondistributable layers stay outside the bundle`);
  return {
    bundleId,
    complete,
    images: record.images,
    entries,
    external,
    subjects,
    counts: {
      images: record.images.length,
      subjects: subjects.length,
      referrers: referrers.size,
      manifests: content.manifests.size + tagSchemaIndexes,
      blobs: content.blobs.size,
      external: external.length,
    },
    blobBytes: sum([...content.blobs.values()].map(({ descriptor }) => descriptor.size)),
    totalBytes: sum(files.map(({ size }) => size)),
    archiveBytes: archiveSizeOf(files),
    warnings,
  };
}

/** An index of the tag schema that no client would read makes the whole bundle fail on the other side. */
function assertReadable(indexes: Iterable<Buffer>, limit: number): void {
  for (const { length } of indexes) {
    if (length <= limit) continue;
    throw new LimitError(`planning a bundle: a list of referrers takes ${length} bytes as a tag-schema index`, {
      limitName: 'maxManifestBytes',
      limit,
      hint: 'set layoutReferrers to untagged, so that no tag-schema index is written',
    });
  }
}

/** What the reader would refuse must not be written: a source of the caller's own may state anything. */
function assertRecord(record: BundleRecord): void {
  const issue = bundleRecordSchema.safeParse(record).error?.issues[0];
  if (issue === undefined) return;
  throw new BundleError('ERR_OCI_BUNDLE_INVALID', `planning a bundle: ${issue.path.join('.')}: ${issue.message}`, {
    path: 'bundle.json',
    hint: 'a source gave something that no bundle can record; leave out the image this field belongs to',
  });
}
