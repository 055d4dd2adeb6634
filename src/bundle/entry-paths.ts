import { parseDigest } from '../oci/digest.js';

/** Paths of the entries every bundle has, in the order they stand in the archive. */
export const entryPaths = {
  ociLayout: 'oci-layout',
  index: 'index.json',
  record: 'bundle.json',
  manifest: 'manifest.yaml',
  checksums256: 'checksums.sha256',
  checksums512: 'checksums.sha512',
  referrersIndex: 'indexes/referrers.index.json',
  attestationsIndex: 'indexes/attestations.index.json',
} as const;

/** Where a bundle keeps a signature: `signatures/NN.sigstore.json`, counted from 0. */
export function signaturePath(index: number): string {
  return `signatures/${String(index).padStart(2, '0')}.sigstore.json`;
}

/** Where a bundle keeps content: `blobs/<algorithm>/<hex>`. */
export function blobPath(digest: string): string {
  const { algorithm, encoded } = parseDigest(digest);
  return `blobs/${algorithm}/${encoded}`;
}

/** Where a bundle keeps a referrer's manifest: `referrers/<algorithm>-<subject hex>/<algorithm>-<hex>.json`. */
export function referrerPath(subject: string, digest: string): string {
  const of = parseDigest(subject);
  const { algorithm, encoded } = parseDigest(digest);
  return `referrers/${of.algorithm}-${of.encoded}/${algorithm}-${encoded}.json`;
}
