const KiB = 1024;
const MiB = 1024 * KiB;

/** Bounds on what one call may read, and on what it sends at once; each is finite and none may be 0. */
export interface Limits {
  /** Bytes of one manifest or index, decoded; 4 MiB by default, the size every registry has to accept. */
  readonly maxManifestBytes: number;
  /** Bytes of a token service's answer; 128 KiB by default: two tokens of 16 KiB, four times over. */
  readonly maxTokenBytes: number;
  /** Bytes of an error body that are read for its `errors`; 8 KiB by default. */
  readonly maxErrorBytes: number;
  /** Pages of one list of referrers or tags; 1,000 by default. */
  readonly maxPages: number;
  /** Descriptors in one list of referrers; 100,000 by default. */
  readonly maxReferrers: number;
  /** Decoded bytes of all pages of one list together; 256 MiB by default. */
  readonly maxListBytes: number;
  /** Bytes that `fetchByDigest` reads when nobody said how large the content is; 8 GiB by default. */
  readonly maxBlobBytes: number;
  /**
   * Bytes of a blob that is uploaded in one request; a larger one is sent in chunks. 1 GiB by default: what a line of 10
   * Mbit/s carries in a quarter of an hour, and so the most that one broken connection costs.
   */
  readonly maxPutBytes: number;
  /**
   * Bytes of one chunk of an upload; 64 MiB by default: a minute on such a line, 160 requests for 10 GiB. A registry may
   * ask for larger ones, and is given smaller ones where it refuses these.
   */
  readonly maxChunkBytes: number;
  /** Redirects one request may follow; 10 by default. */
  readonly maxRedirects: number;
  /** Connections kept to one origin; 64 by default. */
  readonly maxConnectionsPerHost: number;
}

/** The limits that hold where the caller says nothing. */
export const defaultLimits: Limits = {
  maxManifestBytes: 4 * MiB,
  maxTokenBytes: 128 * KiB,
  maxErrorBytes: 8 * KiB,
  maxPages: 1_000,
  maxReferrers: 100_000,
  maxListBytes: 256 * MiB,
  maxBlobBytes: 8 * KiB * MiB,
  maxPutBytes: KiB * MiB,
  maxChunkBytes: 64 * MiB,
  maxRedirects: 10,
  maxConnectionsPerHost: 64,
};
