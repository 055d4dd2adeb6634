import { type Manifest, manifestsBelow } from '../oci/manifest.js';
import { formatPlatform } from '../referrers/platforms.js';
import type { BundleImage } from './record.js';

/** Names the platforms of an index that are in the bundle, and those that are not; a single image has neither. */
export function imagePlatforms(parsed: Manifest, isInside: (digest: string) => boolean): BundleImage['platforms'] {
  const children = manifestsBelow(parsed);
  const names = (isIncluded: boolean): readonly string[] => {
    const chosen = children.filter((child) => isInside(child.digest) === isIncluded);
    const shown = chosen.map(({ platform }) => (platform === undefined ? 'unknown/unknown' : formatPlatform(platform)));
    // BuildKit's attestations are manifests of no platform: they are named only where one of them is missing.
    return [...new Set(shown)].filter((name) => !isIncluded || name !== 'unknown/unknown').sort();
  };
  return { included: names(true), missing: names(false) };
}
