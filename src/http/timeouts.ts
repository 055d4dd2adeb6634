import type { Timeouts } from './types.js';

/** The timeouts that hold where the caller says nothing. */
export const defaultTimeouts: Timeouts = {
  connectMs: 10_000,
  requestMs: 30_000,
  blobWindowMs: 30_000,
  minBlobBytesPerWindow: 32 * 1024,
  discoveryMs: 120_000,
};
