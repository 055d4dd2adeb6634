import { type CanonicalValue, canonicalList, textMap, writeCanonicalJson } from './canonical-json.js';
import type { BundleArtifact, BundleEntry, BundleImage, BundleRecord, BundleSubject, ExternalBlob } from './record.js';
import { bytesOfText, digestOfText, type TextSink } from './written-text.js';

/**
 * Serialises a bundle's record in its one form, the bytes of `bundle.json`.
 *
 * @remarks Every field is copied by name, so that neither the order in which an object was built nor a field nobody asked
 * for can change the bytes: members in the order of {@link BundleRecord}, absent ones left out, annotations sorted by
 * code unit, two spaces of indentation, one newline at the end.
 */
export function canonicalRecord(record: BundleRecord): Buffer {
  return bytesOfText((sink) => {
    writeRecord(record, sink);
  });
}

/** Writes what {@link canonicalRecord} gives, a piece at a time. */
export function writeRecord(record: BundleRecord, sink: TextSink): void {
  const fields: CanonicalValue = {
    schemaVersion: record.schemaVersion,
    bundleId: record.bundleId,
    previousBundleId: record.previousBundleId,
    createdAt: record.createdAt,
    expiresAt: record.expiresAt,
    generator: record.generator,
    complete: record.complete,
    requireReferrers: canonicalList(record.requireReferrers, ({ artifactType, min }) => ({ artifactType, min })),
    images: canonicalList(record.images, imageFields),
    referrers: { subjects: canonicalList(record.referrers.subjects, subjectFields) },
    entries: canonicalList(record.entries, ({ path, size, digest, mediaType }) => ({ path, size, digest, mediaType })),
    external: canonicalList(record.external, ({ digest, size, reason }) => ({ digest, size, reason })),
  };
  writeCanonicalJson(fields, true, sink);
  sink('\n');
}

/**
 * Computes the id of a bundle: the sha256 of one line per entry and per piece of external content.
 *
 * @remarks An entry's line is `entry PATH SIZE DIGEST MEDIATYPE`, with `-` for no media type; external content's is
 * `external DIGEST SIZE REASON`; each ends with a newline.
 * @param entries - in the order of the archive
 * @returns a sha256 digest
 */
export function bundleIdOf(entries: readonly BundleEntry[], external: readonly ExternalBlob[]): string {
  return digestOfText((sink) => {
    for (const { path, size, digest, mediaType } of entries) {
      sink(`entry ${path} ${size} ${digest} ${mediaType ?? '-'}\n`);
    }
    for (const { digest, size, reason } of external) sink(`external ${digest} ${size} ${reason}\n`);
  });
}

function imageFields(image: BundleImage): CanonicalValue {
  return {
    reference: image.reference,
    digest: image.digest,
    mediaType: image.mediaType,
    size: image.size,
    platforms: { included: image.platforms.included, missing: image.platforms.missing },
  };
}

function subjectFields(subject: BundleSubject): CanonicalValue {
  const { source, host, complete, found, included, filtered } = subject.discovery;
  return {
    subject: subject.subject,
    reference: subject.reference,
    discovery: { source, host, complete, found, included, filtered },
    artifacts: canonicalList(subject.artifacts, artifactFields),
  };
}

function artifactFields(artifact: BundleArtifact): CanonicalValue {
  return {
    digest: artifact.digest,
    artifactType: artifact.artifactType,
    mediaType: artifact.mediaType,
    size: artifact.size,
    path: artifact.path,
    sha256: artifact.sha256,
    category: artifact.category,
    tag: artifact.tag,
    annotations: artifact.annotations === undefined ? undefined : textMap(artifact.annotations),
  };
}
