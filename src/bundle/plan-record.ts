import { BundleError, LimitError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import { type BundleWriterOptions, creationTime } from './bundle-writer-options.js';
import { bundleIdOf } from './canonical-record.js';
import { imagePlatforms } from './image-platforms.js';
import type { CollectedImage, PlannedContent } from './plan-content.js';
import {
  type BundleEntry,
  type BundleImage,
  type BundleRecord,
  type BundleSubject,
  bundleRecordSchema,
  type ExternalBlob,
} from './record.js';
import { recordContradictions } from './record-contradictions.js';
import { recordExcess } from './record-limits.js';
import { defaultValidationLimits } from './validation-rule.js';

/**
 * Puts a bundle's record together.
 *
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID` when a source stated something that no reader would accept,
 * {@link LimitError} `ERR_OCI_LIMIT_EXCEEDED` when it is more than a reader takes
 */
export function planRecord(
  images: readonly BundleImage[],
  subjects: readonly BundleSubject[],
  files: readonly BundleEntry[],
  external: readonly ExternalBlob[],
  options: BundleWriterOptions,
): BundleRecord {
  const entries = files.map(({ path, size, digest, mediaType }) => ({ path, size, digest, mediaType }));
  const record: BundleRecord = {
    schemaVersion: 1,
    bundleId: bundleIdOf(entries, external),
    previousBundleId: options.base?.bundleId,
    createdAt: creationTime(options.createdAt),
    expiresAt: options.expiresAt,
    generator: '@stellaops/oci-referrers',
    complete: subjects.every((subject) => subject.discovery.complete),
    requireReferrers: options.requireReferrers ?? [],
    images,
    referrers: { subjects },
    entries,
    external,
  };
  assertRecord(record);
  return record;
}

/** Describes an image, with the platforms of its index that are in the bundle and those that are not. */
export function describeImage({ reference, graph }: CollectedImage, { manifests }: PlannedContent): BundleImage {
  const { digest, mediaType } = graph.root;
  const root = graph.nodes.get(digest);
  if (root === undefined) throw new TypeError(`the graph of ${reference} does not hold its root`);
  const platforms = imagePlatforms(root.parsed, (child) => manifests.has(child));
  return { reference, digest, mediaType, size: root.bytes.length, platforms };
}

/** What the reader would refuse must not be written: a source of the caller's own may state anything. */
function assertRecord(record: BundleRecord): void {
  const issue = bundleRecordSchema.safeParse(record).error?.issues[0];
  if (issue !== undefined) throw unwritable(`${issue.path.join('.')}: ${issue.message}`);
  const excess = recordExcess(record, defaultValidationLimits);
  if (excess !== undefined) {
    const { what, limitName, limit } = excess;
    throw new LimitError(`planning a bundle: ${what}, more than is read of it (${limit})`, {
      limitName,
      limit,
      hint: 'put fewer images into one bundle, or leave out the artifact that is named here',
    });
  }
  for (const contradiction of recordContradictions(record)) throw unwritable(contradiction);
}

function unwritable(reason: string): BundleError {
  return new BundleError('ERR_OCI_BUNDLE_INVALID', `planning a bundle: ${escapeText(reason)}`, {
    path: 'bundle.json',
    hint: 'a source gave something that no bundle can record; leave out the image this field belongs to',
  });
}
