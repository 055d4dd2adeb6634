import { type DigestAlgorithm, digestOf, parseDigest } from '../oci/digest.js';
import { writeRecord } from './canonical-record.js';
import { entryPaths } from './entry-paths.js';
import { writeManifestYaml } from './manifest-yaml.js';
import type { BundleEntry, BundleRecord } from './record.js';
import { bytesOfText, digestOfText, type TextSink, type TextWriter } from './written-text.js';

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
export function emitChecksums(entries: readonly ChecksumEntry[], algorithm: DigestAlgorithm): Buffer {
  return bytesOfText((sink) => {
    writeChecksums(entries, algorithm, sink);
  });
}

type ChecksumEntry = Pick<BundleEntry, 'path' | 'digest'>;

function writeChecksums(entries: readonly ChecksumEntry[], algorithm: DigestAlgorithm, sink: TextSink): void {
  for (const { path, digest } of entries) {
    const parsed = parseDigest(digest);
    if (parsed.algorithm === algorithm) sink(`${parsed.encoded}  ${path}\n`);
  }
}

/**
 * Makes every file that follows from the record, in the order of the archive: `bundle.json`, `manifest.yaml`,
 * `checksums.sha256`, and `checksums.sha512` where an entry has a sha512 digest.
 */
export function emitRecordFiles(record: BundleRecord): readonly DerivedFile[] {
  return makeRecordFiles(record, (path, write) => {
    const bytes = bytesOfText(write);
    return { path, bytes, digest: digestOf(bytes) };
  });
}

/** Computes the digests of the files that {@link emitRecordFiles} makes. */
export function digestRecordFiles(record: BundleRecord): readonly ChecksumEntry[] {
  return makeRecordFiles(record, (path, write) => ({ path, digest: digestOfText(write) }));
}

function makeRecordFiles<File extends ChecksumEntry>(
  record: BundleRecord,
  make: (path: string, write: TextWriter) => File,
): readonly File[] {
  const documents = [
    make(entryPaths.record, (sink) => {
      writeRecord(record, sink);
    }),
    make(entryPaths.manifest, (sink) => {
      writeManifestYaml(record, sink);
    }),
  ];
  const listed: readonly ChecksumEntry[] = [...documents, ...record.entries];
  const sums = make(entryPaths.checksums256, (sink) => {
    writeChecksums(listed, 'sha256', sink);
  });
  if (record.entries.every(({ digest }) => digest.startsWith('sha256:'))) return [...documents, sums];
  const longSums = make(entryPaths.checksums512, (sink) => {
    writeChecksums(listed, 'sha512', sink);
  });
  return [...documents, sums, longSums];
}
