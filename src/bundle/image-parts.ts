import { type Manifest, manifestsBelow } from '../oci/manifest.js';

/** Returns an image's own manifest and every manifest below its index; what refers to them is not part of the image. */
export function imageParts(root: string, manifestOf: (digest: string) => Manifest | undefined): ReadonlySet<string> {
  const parts = new Set([root]);
  for (const digest of parts) {
    const manifest = manifestOf(digest);
    if (manifest !== undefined) for (const child of manifestsBelow(manifest)) parts.add(child.digest);
  }
  return parts;
}
