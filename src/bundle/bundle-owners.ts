import { blobsBelow, type Manifest, manifestsBelow } from '../oci/manifest.js';
import type { BundleRecord } from './record.js';

/** What a piece of content belongs to: an image, or a referrer of one. */
export interface BundleOwner {
  /** Reference of the image. */
  readonly image: string;
  /** Digest of the referrer whose manifest or content it is; absent for what the image itself consists of. */
  readonly referrer?: string | undefined;
  /** The referrer's artifact type, where it has one. */
  readonly artifactType?: string | undefined;
  /** Digest of the manifest the referrer refers to. */
  readonly subject?: string | undefined;
}

/** Finds an owner for everything that images and lists of referrers lead to; the first one, where several share it. */
export function findOwners(
  record: BundleRecord,
  manifests: ReadonlyMap<string, Manifest>,
): ReadonlyMap<string, BundleOwner> {
  const owners = new Map<string, BundleOwner>();
  const claim = (digest: string, owner: BundleOwner): void => {
    const stack = [digest];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (owners.has(next)) continue;
      owners.set(next, owner);
      const manifest = manifests.get(next);
      if (manifest === undefined) continue;
      for (const { digest: blob } of blobsBelow(manifest)) if (!owners.has(blob)) owners.set(blob, owner);
      for (const child of manifestsBelow(manifest)) stack.push(child.digest);
    }
  };
  for (const image of record.images) claim(image.digest, { image: image.reference });
  for (const { subject, reference, artifacts } of record.referrers.subjects) {
    for (const { digest, artifactType } of artifacts) {
      claim(digest, { image: reference, referrer: digest, artifactType, subject });
    }
  }
  return owners;
}

/** Says in a few words what something belongs to; image and subject have fields of their own in a finding. */
export function describeOwner(owner: BundleOwner | undefined): string {
  if (owner === undefined) return 'an unknown image or referrer';
  if (owner.referrer === undefined) return 'the image';
  return `referrer ${shortDigest(owner.referrer)} (${owner.artifactType ?? 'no type'})`;
}

/** Cuts a digest to what a person compares. */
export function shortDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(':') + 13);
}
