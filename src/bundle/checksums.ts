import type { DigestAlgorithm } from '../oci/digest.js';
import { digestOf, parseDigest } from '../oci/digest.js';
import { canonicalRecord } from './canonical-record.js';
import { entryPaths } from './entry-paths.js';
import { emitManifestYaml } from './manifest-yaml.js';
import type { BundleEntry, BundleRecord } from './record.js';

/** One file of a bundle that is made from its record. */
export interface DerivedFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/**
 * Writes the checksum file of one algorithm, as coreutils does: `<hex>  <path>`, a line per entry.
 *
 * @remarks Each entry is in the file of its own digest's algorithm, and in that one only: the file is written before any
 * blob is fetched, and nobody knows the sha256 of a blob that is named by its sha512. Checksum files and signatures are
 * in neither.
 * @param entries - what to list, in this order
 */
export function emitChecksums(entries: readonly BundleEntry[], algorithm: DigestAlgorithm): Buffer {
  const lines = entries
    .map(({ path, digest }) => ({ path, ...parseDigest(digest) }))
    .filter((entry) => entry.algorithm === algorithm)
    .map(({ path, encoded }) => `${encoded}  ${path}\n`);
  return Buffer.from(lines.join(''));
}

/**
 * Makes every file that follows from the record, in the order of the archive: `bundle.json`, `manifest.yaml`,
 * `checksums.sha256`, and `checksums.sha512` where an entry has a sha512 digest.
 */
export function emitRecordFiles(record: BundleRecord): readonly DerivedFile[] {
  const documents = [
    { path: entryPaths.record, bytes: canonicalRecord(record) },
    { path: entryPaths.manifest, bytes: emitManifestYaml(record) },
  ];
  const listed = [
    ...documents.map(({ path, bytes }) => ({ path, size: bytes.length, digest: digestOf(bytes) })),
    ...record.entries,
  ];
  const sums = { path: entryPaths.checksums256, bytes: emitChecksums(listed, 'sha256') };
  const longSums = { path: entryPaths.checksums512, bytes: emitChecksums(listed, 'sha512') };
  return longSums.bytes.length === 0 ? [...documents, sums] : [...documents, sums, longSums];
}
