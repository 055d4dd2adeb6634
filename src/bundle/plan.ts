import { defaultLimits } from '../content/limits.js';
import { LimitError } from '../errors/index.js';
import { subjectOf } from '../oci/manifest.js';
import { ValueBudget } from '../oci/value-budget.js';
import type { BundleWriterOptions } from './bundle-writer-options.js';
import { emitRecordFiles } from './checksums.js';
import { entryPaths, signaturePath } from './entry-paths.js';
import { type LayoutIndex, layoutIndex } from './layout-index.js';
import { type CollectedImage, type PlannedContent, planContent } from './plan-content.js';
import { archiveSizeOf, type PlannedFile, planFiles, type RecordedFile } from './plan-files.js';
import { describeImage, planRecord } from './plan-record.js';
import { planSubjects } from './plan-subjects.js';
import type { BundleImage, BundleRecord, BundleSubject } from './record.js';
import { assertRequired } from './required-referrers.js';
import { readSigners } from './signing/bundle-signer.js';
import { maxSignatureFileSize } from './signing/sign-record.js';
import { defaultValidationLimits } from './validation-rule.js';

/** Bytes of `bundle.json` and of `index.json` that a validator reads unless it is told otherwise. */
const { maxRecordBytes, maxGraphBytes } = defaultValidationLimits;
const leaveOutHint = 'leave referrers out of it (layoutReferrers, --layout-referrers: none)';

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
  /** Blobs that stay outside: the base has them, or their licence keeps them where they are. */
  readonly external: number;
}

/** What a bundle will be: plain data, nothing has been written. */
export interface BundlePlan
  extends Pick<BundleRecord, 'bundleId' | 'previousBundleId' | 'complete' | 'images' | 'entries' | 'external'> {
  /** Each list of referrers, with how it was found. */
  readonly subjects: readonly BundleSubject[];
  /** How much of everything there is. */
  readonly counts: BundleCounts;
  /** Bytes of blobs that have to be fetched. */
  readonly blobBytes: number;
  /** Bytes of blobs that are left out because the base has them. */
  readonly deltaBytes: number;
  /** Bytes of all entries together, signatures included; those of ECDSA may turn out a few bytes smaller. */
  readonly totalBytes: number;
  /** Size of the bundle as `.tar`, with that for signatures; a `.tgz` is 0.008 % larger, or smaller with `deflate`. */
  readonly archiveBytes: number;
  /** What a person should know. */
  readonly warnings: readonly string[];
}

/** @internal A plan, what it records, and the files that carry it out, in the order of the archive. */
export interface PreparedBundle {
  readonly plan: BundlePlan;
  readonly record: BundleRecord;
  /** All but the signatures: those stand between the two parts. */
  readonly before: readonly PlannedFile[];
  readonly after: readonly PlannedFile[];
}

/**
 * Plans a bundle from images whose closure has been walked; reads nothing and writes nothing.
 *
 * @param images - sorted by reference, so that the order they were added in does not change the bytes
 * @throws {@link BundleError} `ERR_OCI_REQUIRED_MISSING`
 * @throws {@link LimitError} `ERR_OCI_LIMIT_EXCEEDED` when a document would be too large to be read on the other side
 */
export function planBundle(images: readonly CollectedImage[], options: BundleWriterOptions): PreparedBundle {
  assertRequired(images, options.requireReferrers ?? []);
  const content = planContent(images, options.base);
  const subjects = planSubjects(images);
  const described = images.map((image) => describeImage(image, content));
  const layout = planLayout(content, described, subjects, options);
  const files = planFiles(content, subjects, layout);
  const record = planRecord(described, subjects, files, content.external, options);
  const derived = emitRecordFiles(record).map(({ path, bytes }) => ({ path, size: bytes.length, bytes }));
  for (const { path, bytes } of derived) {
    const hint = 'export fewer images into one bundle';
    assertReadable(path, bytes, 'maxRecordBytes', maxRecordBytes, hint);
    if (path !== entryPaths.record) continue;
    const values = new ValueBudget();
    assertText(path, bytes, hint, values);
    assertManifests(files, values.forManifests());
  }
  assertText(entryPaths.index, layout.bytes, leaveOutHint);
  // The two files of the image layout come first, then what is made from the record, then all that the record names.
  const before = [...files.slice(0, 2), ...derived];
  const after = files.slice(2);
  const sizes = [...before, ...planSignatures(record, options), ...after];
  return { plan: summarise(record, content, layout.tagSchemaIndexes.size, images, sizes), record, before, after };
}

/** What signatures will take; nothing is signed for a plan. */
function planSignatures(
  record: BundleRecord,
  { signers, limits }: BundleWriterOptions,
): readonly Pick<PlannedFile, 'path' | 'size'>[] {
  const maxManifestBytes = limits?.maxManifestBytes ?? defaultLimits.maxManifestBytes;
  return readSigners(signers).map(({ key }, index) => {
    const length = maxSignatureFileSize(record, key);
    assertReadable('a signature', { length }, 'maxManifestBytes', maxManifestBytes, 'put fewer images into one bundle');
    return { path: signaturePath(index), size: length };
  });
}

function planLayout(
  content: PlannedContent,
  images: readonly BundleImage[],
  subjects: readonly BundleSubject[],
  { layoutReferrers = 'both', limits }: BundleWriterOptions,
): LayoutIndex {
  const layout = layoutIndex(images, subjects, layoutReferrers, (digest, subject) => {
    const manifest = content.manifests.get(digest);
    return manifest !== undefined && subjectOf(manifest.parsed)?.digest === subject;
  });
  const maxManifestBytes = limits?.maxManifestBytes ?? defaultLimits.maxManifestBytes;
  for (const bytes of layout.tagSchemaIndexes.values()) {
    const hint = 'write no tag-schema indexes (layoutReferrers, --layout-referrers: untagged)';
    assertReadable('a tag-schema index', bytes, 'maxManifestBytes', maxManifestBytes, hint);
  }
  assertReadable(entryPaths.index, layout.bytes, 'maxRecordBytes', maxRecordBytes, leaveOutHint);
  return layout;
}

function summarise(
  record: BundleRecord,
  content: PlannedContent,
  tagSchemaIndexes: number,
  images: readonly CollectedImage[],
  files: readonly Pick<PlannedFile, 'path' | 'size'>[],
): BundlePlan {
  const { bundleId, previousBundleId, complete, entries, external } = record;
  const { subjects } = record.referrers;
  const referrers = new Set(subjects.flatMap(({ artifacts }) => artifacts.map(({ digest }) => digest)));
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  const warnings = images.flatMap(({ reference, graph }) => graph.warnings.map((text) => `${reference}: ${text}`));
  const delta = external.filter(({ reason }) => reason === 'delta');
  const deltaBytes = sum(delta.map(({ size }) => size));
  const kept = external.length - delta.length;
  if (kept > 0) warnings.push(`${kept} nondistributable layers stay outside the bundle`);
  if (previousBundleId !== undefined && delta.length > 0) {
    const left = `${delta.length} blobs of ${deltaBytes} bytes are left to bundle ${previousBundleId}`;
    warnings.push(`${left}: targets need them, so that one has to be imported first`);
  }
  return {
    bundleId,
    ...(previousBundleId === undefined ? {} : { previousBundleId }),
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
    deltaBytes,
    totalBytes: sum(files.map(({ size }) => size)),
    archiveBytes: archiveSizeOf(files),
    warnings,
  };
}

/** All manifests are in memory at once on the other side. */
function assertManifests(files: readonly RecordedFile[], values: ValueBudget): void {
  const hint = 'put fewer images into one bundle, or leave out the artifact that is named here';
  let length = 0;
  for (const file of files) {
    // The indexes of the referrers tag schema are manifests like any other to who reads them.
    if (file.mediaType === undefined || !file.path.startsWith('blobs/') || !('bytes' in file)) continue;
    length += file.size;
    assertText(`manifest ${file.digest}, with those before it and bundle.json,`, file.bytes, hint, values);
  }
  assertReadable('all manifests together', { length }, 'maxGraphBytes', maxGraphBytes, hint);
}

/** A document that the other side would refuse to read must not be written. */
function assertReadable(
  what: string,
  { length }: Pick<Buffer, 'length'>,
  limitName: string,
  limit: number,
  hint: string,
): void {
  if (length <= limit) return;
  throw new LimitError(`planning a bundle: ${what} takes ${length} bytes, more than is read of it (${limit})`, {
    limitName,
    limit,
    hint,
  });
}

/** The same for what values come to in memory. */
function assertText(what: string, bytes: Buffer, hint: string, budget: ValueBudget = new ValueBudget()): void {
  const excess = budget.take(bytes);
  if (excess === undefined) return;
  const { limitName, limit } = excess;
  throw new LimitError(`planning a bundle: ${what} has ${excess.what} than is read (${limit})`, {
    limitName,
    limit,
    hint,
  });
}
