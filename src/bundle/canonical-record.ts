import { digestOf } from '../oci/digest.js';
import { type CanonicalValue, canonicalJson, textMap } from './canonical-json.js';
import type { BundleArtifact, BundleEntry, BundleImage, BundleRecord, BundleSubject, ExternalBlob } from './record.js';

/**
 * Serialises a bundle's record in its one form, the bytes of `bundle.json`.
 *
 * @remarks Every field is copied by name, so that neither the order in which an object was built nor a field nobody asked
 * for can change the bytes: members in the order of {@link BundleRecord}, absent ones left out, annotations sorted by
 * code unit, two spaces of indentation, one newline at the end.
 */
export function canonicalRecord(record: BundleRecord): Buffer {
  const fields = {
    schemaVersion: record.schemaVersion,
    bundleId: record.bundleId,
    previousBundleId: record.previousBundleId,
    createdAt: record.createdAt,
    expiresAt: record.expiresAt,
    generator: record.generator,
    complete: record.complete,
    requireReferrers: record.requireReferrers.map(({ artifactType, min }) => ({ artifactType, min })),
    images: record.images.map(imageFields),
    referrers: { subjects: record.referrers.subjects.map(subjectFields) },
    entries: record.entries.map(({ path, size, digest, mediaType }) => ({ path, size, digest, mediaType })),
    external: record.external.map(({ digest, size, reason }) => ({ digest, size, reason })),
  };
  return Buffer.from(`${canonicalJson(fields, true)}\n`);
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
  const lines = [
    ...entries.map(({ path, size, digest, mediaType }) => `entry ${path} ${size} ${digest} ${mediaType ?? '-'}\n`),
    ...external.map(({ digest, size, reason }) => `external ${digest} ${size} ${reason}\n`),
  ];
  return digestOf(Buffer.from(lines.join('')));
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
    artifacts: subject.artifacts.map(artifactFields),
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
