import type { Descriptor } from '../../oci/descriptor.js';
import { blobsBelow, manifestsBelow, subjectOf } from '../../oci/manifest.js';
import { formatPlatform } from '../../referrers/platforms.js';
import { describeOwner, shortDigest } from '../bundle-owners.js';
import { blobPath, entryPaths } from '../entry-paths.js';
import type { FindingReport } from '../finding.js';
import { isNondistributable } from '../plan-content.js';
import type { ValidationContext, ValidationRule } from '../validation-rule.js';

/**
 * Checks that everything a manifest points to is there, and that everything there is pointed to.
 *
 * @remarks Only a whole archive can be checked: content missing from a file that was cut short has been reported.
 */
export const graphRule: ValidationRule = {
  id: 'graph',
  onEnd(context) {
    if (!context.isComplete) return;
    const reached = new Set<string>();
    const { images, referrers } = context.record;
    for (const image of images) checkDescriptor(context, image, 'the list of images', image.reference);
    for (const list of referrers.subjects) {
      for (const artifact of list.artifacts) {
        checkDescriptor(context, artifact, 'a list of referrers', list.reference);
      }
    }
    const artifacts = referrers.subjects.flatMap((list) => list.artifacts.map(({ digest }) => digest));
    const walk: Walk = { context, reached, followed: new Set(), leftOut: leftOutPlatforms(context) };
    follow(walk, [...images.map(({ digest }) => digest), ...artifacts]);
    const layout = context.layout();
    if (typeof layout === 'object') follow(walk, [...layout.tagSchemaIndexes.keys()]);
    reportOrphans(walk);
    // What an unread manifest or another index.json points to is not known.
    if (typeof layout === 'object' && isRead(context)) reportUnreferenced(context, reached);
    if (layout === 'unknown' && !context.hasErrors) {
      const path = entryPaths.index;
      context.report({ code: 'DerivedFileMismatch', path, message: `${path} cannot be compared with bundle.json` });
    }
  },
};

interface Walk {
  readonly context: ValidationContext;
  /** Everything that was pointed to so far. */
  readonly reached: Set<string>;
  /** The manifests whose content was looked at; one that an artifact carries as a blob is not. */
  readonly followed: Set<string>;
  /** Platforms the record says are missing, by digest of the index. */
  readonly leftOut: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Walks down from some manifests, breadth first, each one once. */
function follow(walk: Walk, roots: readonly string[]): void {
  const { context, reached, followed } = walk;
  const { maxDepth } = context.settings.limits;
  let level = roots;
  for (let depth = 0; level.length > 0; depth++) {
    const below: string[] = [];
    for (const digest of level) {
      if (followed.has(digest)) continue;
      followed.add(digest);
      reached.add(digest);
      const manifest = context.manifests.get(digest);
      if (manifest === undefined) continue;
      if (depth > maxDepth) {
        const message = `a manifest lies deeper than maxDepth (${maxDepth}) below its image or referrer`;
        context.report({ code: 'LimitExceeded', message, digest, expected: String(maxDepth) });
        return;
      }
      const image = context.ownerOf(digest)?.image;
      for (const blob of blobsBelow(manifest)) {
        checkDescriptor(context, blob, `manifest ${shortDigest(digest)}`, image, false);
        reached.add(blob.digest);
      }
      for (const child of manifestsBelow(manifest)) {
        if (!isLeftOut(walk, digest, child)) checkDescriptor(context, child, `manifest ${shortDigest(digest)}`, image);
        below.push(child.digest);
      }
    }
    level = below;
  }
}

/** A platform's manifest may be absent where the record says of the image that this platform is. */
function isLeftOut({ context, leftOut }: Walk, parent: string, child: Descriptor): boolean {
  if (context.expected.has(blobPath(child.digest))) return false;
  const platform = child.platform === undefined ? 'unknown/unknown' : formatPlatform(child.platform);
  return leftOut.get(parent)?.has(platform) === true;
}

function leftOutPlatforms({ record }: ValidationContext): Walk['leftOut'] {
  const leftOut = new Map<string, Set<string>>();
  for (const { digest, platforms } of record.images) {
    const known = leftOut.get(digest) ?? new Set<string>();
    for (const platform of platforms.missing) known.add(platform);
    leftOut.set(digest, known);
  }
  return leftOut;
}

function checkDescriptor(
  context: ValidationContext,
  { digest, size, mediaType }: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>,
  from: string,
  image: string | undefined,
  isManifest = true,
): void {
  const { expected, external, ownerOf, report } = context;
  const path = blobPath(digest);
  const owner = ownerOf(digest);
  const about: Pick<FindingReport, 'path' | 'digest' | 'subject' | 'image'> = {
    path,
    digest,
    subject: owner?.subject,
    image,
  };
  const entry = expected.get(path) ?? external.get(digest);
  if (entry === undefined) {
    const message = `${from} names content of ${describeOwner(owner)} that is neither in the bundle nor external`;
    report({ code: 'BlobMissing', message, ...about });
    return;
  }
  if (entry.size !== size) {
    const message = `${from} says another size than the list of entries has`;
    report({ code: 'BlobSizeMismatch', message, ...about, expected: String(size), actual: String(entry.size) });
  }
  // Its type is all that shows whether a licence keeps it out; an import takes it on trust that it may be left out.
  if ('reason' in entry && entry.reason === 'nondistributable' && !isNondistributable(mediaType)) {
    const message = `${from} names content of ${describeOwner(owner)} that is left out as nondistributable, and its media type does not say so`;
    report({ code: 'BlobMissing', message, ...about, expected: 'nondistributable', actual: mediaType });
  }
  const listedType = 'mediaType' in entry ? entry.mediaType : undefined;
  // A manifest that bundle.json lists as plain content has not been looked into.
  if (!isManifest || listedType === mediaType) return;
  const message = `${from} says another media type than the list of entries has`;
  report({ code: 'OciManifestInvalid', message, ...about, expected: mediaType, actual: listedType ?? 'none' });
}

function reportOrphans(walk: Walk): void {
  const { context, reached } = walk;
  const orphans = [...context.manifests].filter(([digest, manifest]) => {
    return !reached.has(digest) && subjectOf(manifest) !== undefined;
  });
  for (const [digest, manifest] of orphans) {
    const subject = subjectOf(manifest)?.digest;
    const message = 'a referrer is in no list: no import will push it';
    context.report({ code: 'OrphanedReferrer', message, path: blobPath(digest), digest, subject });
  }
  follow(
    walk,
    orphans.map(([digest]) => digest),
  );
}

function isRead({ record, manifests }: ValidationContext): boolean {
  return record.entries.every(
    ({ path, digest, mediaType }) => mediaType === undefined || !path.startsWith('blobs/') || manifests.has(digest),
  );
}

function reportUnreferenced({ record, report }: ValidationContext, reached: ReadonlySet<string>): void {
  for (const { path, digest } of record.entries) {
    if (!path.startsWith('blobs/') || reached.has(digest)) continue;
    const message = 'bundle.json lists a file that no manifest, list or index points to';
    report({ code: 'EntryUnexpected', severity: 'warning', message, path, digest });
  }
}
