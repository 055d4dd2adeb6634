import type { Descriptor } from '@stellaops/oci-referrers';

/** What the server process says once it listens. */
export interface Served {
  /** `host:port`. */
  readonly host: string;
  readonly subjects: readonly Descriptor[];
}

/** What the server process saw. */
export interface Seen {
  readonly requests: number;
  /** Most connections that were open at once. */
  readonly maxConnections: number;
  readonly manifestRequests: number;
  readonly distinctManifests: number;
}

/** What the client process measured. */
export interface Measured {
  readonly milliseconds: number;
  /** Things that were found: referrers, or manifests of a closure. */
  readonly found: number;
  /** Resident bytes before the work, with the library loaded and connected. */
  readonly idleBytes: number;
  /** Most resident bytes during the work. */
  readonly peakBytes: number;
}
