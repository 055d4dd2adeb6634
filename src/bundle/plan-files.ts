import { digestOf } from '../oci/digest.js';
import { ociLayoutFile } from '../oci/image-layout.js';
import { mediaTypes } from '../oci/media-types.js';
import { compareText } from './canonical-json.js';
import { blobPath, entryPaths } from './entry-paths.js';
import { emitAttestationsIndex, emitReferrersIndex } from './index-tables.js';
import type { LayoutIndex } from './layout-index.js';
import type { PlannedBlob, PlannedContent } from './plan-content.js';
import type { BundleEntry, BundleSubject } from './record.js';
import { encodeEntryHeader, endOfArchive, paddingOf } from './tar-header.js';

/** One file of the archive: its bytes, or the blob they are fetched from. */
export type PlannedFile = { readonly path: string; readonly size: number } & (
  | { readonly bytes: Buffer }
  | { readonly blob: PlannedBlob }
);

/** A file that the record lists. */
export type RecordedFile = PlannedFile & BundleEntry;

/** Lists the files a record has entries for, in the order of the archive: the image layout's two files first. */
export function planFiles(
  content: PlannedContent,
  subjects: readonly BundleSubject[],
  layout: LayoutIndex,
): readonly RecordedFile[] {
  return [
    inMemory(entryPaths.ociLayout, ociLayoutFile),
    inMemory(entryPaths.index, layout.bytes),
    inMemory(entryPaths.attestationsIndex, emitAttestationsIndex(subjects)),
    inMemory(entryPaths.referrersIndex, emitReferrersIndex(subjects)),
    ...sortedByPath(referrerFiles(content, subjects)),
    ...sortedByPath(blobFiles(content, layout)),
  ];
}

/** Computes the size of the uncompressed archive in bytes, headers and end included. */
export function archiveSizeOf(files: readonly Pick<PlannedFile, 'path' | 'size'>[]): number {
  return files.reduce(
    (sum, { path, size }) => sum + encodeEntryHeader(path, size).length + size + paddingOf(size),
    endOfArchive.length,
  );
}

function inMemory(path: string, bytes: Buffer, mediaType?: string, digest: string = digestOf(bytes)): RecordedFile {
  return { path, size: bytes.length, digest, mediaType, bytes };
}

/** A referrer that two repositories list for one subject is one file: path and bytes are the same. */
function referrerFiles(content: PlannedContent, subjects: readonly BundleSubject[]): readonly RecordedFile[] {
  const files = new Map<string, RecordedFile>();
  for (const { path, digest } of subjects.flatMap(({ artifacts }) => artifacts)) {
    const manifest = content.manifests.get(digest);
    if (manifest !== undefined) files.set(path, inMemory(path, manifest.bytes, manifest.mediaType, digest));
  }
  return [...files.values()];
}

function blobFiles(content: PlannedContent, layout: LayoutIndex): readonly RecordedFile[] {
  const files = new Map<string, RecordedFile>();
  for (const [digest, blob] of content.blobs) {
    files.set(digest, { path: blobPath(digest), size: blob.descriptor.size, digest, blob });
  }
  for (const [digest, bytes] of layout.tagSchemaIndexes) {
    files.set(digest, inMemory(blobPath(digest), bytes, mediaTypes.ociIndex, digest));
  }
  for (const [digest, { bytes, mediaType }] of content.manifests) {
    files.set(digest, inMemory(blobPath(digest), bytes, mediaType, digest));
  }
  return [...files.values()];
}

function sortedByPath(files: readonly RecordedFile[]): readonly RecordedFile[] {
  return [...files].sort((a, b) => compareText(a.path, b.path));
}
