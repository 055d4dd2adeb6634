import type { Readable } from 'node:stream';
import type { AbortableOptions } from '../content/abort.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { ReferrersGraph } from '../referrers/graph.js';
import type { BlobMounts } from './mount-places.js';

/** An image with its closure, ready to be put somewhere. */
export interface TransferItem {
  /** Every manifest and every list; its nodes hold the raw bytes. */
  readonly graph: ReferrersGraph;
  /** Where it goes, as a reference; for messages and reports. */
  readonly target: string;
  /** Tag that points to the root afterwards; none pushes by digest alone. */
  readonly tag: string | undefined;
  /** Opens a blob; called again for every retry. */
  readonly openBlob: (descriptor: Descriptor) => () => Readable;
  /** Blobs that are not carried along and have to be at the target already. */
  readonly elsewhere: readonly Descriptor[];
  /** Digests of blobs nobody pushes: those whose licence keeps them where they are. */
  readonly skipped: ReadonlySet<string>;
  /** Asked before the first tag is set; what it throws leaves every tag as it is. */
  readonly beforeTags?: (() => Promise<void>) | undefined;
  /** Repositories of the same registry that blobs may be taken from; none when absent. */
  readonly mounts?: BlobMounts | undefined;
}

/** Told while content is being put into a target. */
export interface TransferProgress {
  /** `start` comes once with the totals, `done` after each blob and manifest. */
  readonly type: 'start' | 'done';
  /** Reference of the target. */
  readonly target: string;
  /** Digest that is done; `done` only. */
  readonly digest?: string | undefined;
  /** Whether it had to be uploaded; `done` only. */
  readonly uploaded?: boolean | undefined;
  /** Bytes finished so far, skipped ones included. */
  readonly bytes: number;
  /** Bytes of everything. */
  readonly totalBytes: number;
}

/** Options of a transfer. */
export interface TransferOptions extends AbortableOptions {
  /** Uploads at once; 4 by default, 1 to 64. */
  readonly concurrency?: number | undefined;
  /** Refuses to move a tag that points elsewhere already; false by default. */
  readonly keepTags?: boolean | undefined;
  /** Called as content arrives. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** What the target lists for one subject afterwards. */
export interface TransferredSubject {
  /** Digest of the subject. */
  readonly subject: string;
  /** How the target lists its referrers. */
  readonly source: 'api' | 'tag-schema' | 'layout' | 'bundle';
  /** Referrers that were carried along; every one of them is listed. */
  readonly carried: number;
  /** Referrers the target lists now; more than `carried` when it had some before. */
  readonly listed: number;
}

/** A tag that pointed elsewhere before. */
export interface MovedTag {
  /** The tag. */
  readonly tag: string;
  /** What it pointed to. */
  readonly previousDigest: string;
}

/** What became of one image. */
export interface TransferReport {
  /** Reference it has now. */
  readonly target: string;
  /** Digest of its manifest or index. */
  readonly digest: string;
  /** What its tag pointed to before, when that was something else. */
  readonly previousDigest?: string | undefined;
  /** Every tag that pointed elsewhere before, older tags of referrers included. */
  readonly movedTags: readonly MovedTag[];
  /** Blobs and manifests uploaded. */
  readonly uploaded: number;
  /** Blobs that the registry took over from another of its repositories, and nobody sent. */
  readonly mounted: number;
  /** Blobs and manifests that were there already. */
  readonly skipped: number;
  /** Bytes uploaded. */
  readonly uploadedBytes: number;
  /** Digests of manifests that an index names and that were not carried along: platforms nobody chose. */
  readonly absent: readonly string[];
  /** Each subject, checked against the target's own list. */
  readonly subjects: readonly TransferredSubject[];
}
