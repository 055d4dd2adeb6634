/** An image that an image layout names. */
export interface LayoutSummaryImage {
  /** The name its entry in index.json has, where it has one. */
  readonly name?: string | undefined;
  /** Digest of its manifest or index. */
  readonly digest: string;
  /** Media type of its manifest or index. */
  readonly mediaType: string;
  /** Size of that manifest in bytes. */
  readonly size: number;
}

/** A manifest of an image layout that refers to another one. */
export interface LayoutSummaryReferrer {
  /** Digest of its manifest. */
  readonly digest: string;
  /** What it refers to, in the layout or not. */
  readonly subject: string;
  /** Absent only for an index that states none. */
  readonly artifactType?: string | undefined;
  /**
   * How other tools find it: `untagged`, as an entry of index.json (oras); `tag-schema`, in an index under the referrers
   * tag of its subject (regclient). Neither: nothing leads to it.
   */
  readonly foundBy: readonly ('untagged' | 'tag-schema')[];
}

/** What an image layout holds, found out from its own documents. */
export interface LayoutSummary {
  /** The images and other manifests that index.json names and that refer to nothing. */
  readonly images: readonly LayoutSummaryImage[];
  /** Everything that refers to something. */
  readonly referrers: readonly LayoutSummaryReferrer[];
  /** Blobs that nothing leads to; an image layout may have them. */
  readonly unreferenced: number;
  /** Files that are no part of an image layout; it may have them, and nobody looked into them. */
  readonly otherFiles: number;
}
