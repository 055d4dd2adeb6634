import type { Descriptor } from '../oci/descriptor.js';

/** What is known before the first blob is fetched. */
export interface PlanProgress {
  /** Says that this event states the totals. */
  readonly type: 'plan';
  /** Bytes of blobs that will be written. */
  readonly totalBytes: number;
  /** How many blobs those are. */
  readonly totalBlobs: number;
}

/** How far a blob, and the whole bundle, has come; sent at least every mebibyte and once when the blob is done. */
export interface BlobProgress {
  /** Says that this event is about a blob. */
  readonly type: 'blob';
  /** Digest of the blob. */
  readonly digest: string;
  /** Size of this blob in bytes. */
  readonly size: number;
  /** Bytes of this blob that have been written. */
  readonly bytes: number;
  /** True once the blob has been written whole and found to be what its digest says. */
  readonly done: boolean;
  /** Bytes of all blobs that have been written. */
  readonly doneBytes: number;
  /** Blobs that have been written whole. */
  readonly doneBlobs: number;
}

/** What {@link BundleWriter} tells while it writes; manifests and records are not counted, blobs are. */
export type ProgressEvent = PlanProgress | BlobProgress;

/** Bytes between two events about one blob. */
const stepBytes = 1024 * 1024;

/** Counts what has been written; blobs are written one after the other. */
export interface ProgressCounter {
  /** Takes note of bytes of a blob. */
  passed(blob: Descriptor, bytes: number): void;
  /** Takes note that a blob has been written whole. */
  ended(blob: Descriptor): void;
}

/** Makes the counter behind a writer's progress, and sends the event that states the totals. */
export function createProgress(
  blobs: readonly Descriptor[],
  report: ((event: ProgressEvent) => void) | undefined,
): ProgressCounter {
  const totalBytes = blobs.reduce((sum, { size }) => sum + size, 0);
  let blobBytes = 0;
  let reportedBytes = 0;
  let doneBytes = 0;
  let doneBlobs = 0;
  const send = ({ digest, size }: Descriptor, done: boolean): void => {
    reportedBytes = blobBytes;
    report?.({ type: 'blob', digest, size, bytes: blobBytes, done, doneBytes, doneBlobs });
  };
  report?.({ type: 'plan', totalBytes, totalBlobs: blobs.length });
  return {
    passed: (blob, bytes) => {
      blobBytes += bytes;
      doneBytes += bytes;
      if (blobBytes - reportedBytes >= stepBytes && blobBytes < blob.size) send(blob, false);
    },
    ended: (blob) => {
      doneBlobs++;
      send(blob, true);
      blobBytes = 0;
      reportedBytes = 0;
    },
  };
}
