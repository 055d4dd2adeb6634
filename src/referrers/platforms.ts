import type { Descriptor, Platform } from '../oci/descriptor.js';
import { type Manifest, manifestsBelow } from '../oci/manifest.js';

/** BuildKit puts a platform's attestations next to it and names the platform's manifest in this annotation. */
const attestedDigest = 'vnd.docker.reference.digest';

/** Writes a platform as `os/architecture[/variant]`. */
export function formatPlatform(platform: Platform): string {
  const variant = platform.variant === undefined ? '' : `/${platform.variant}`;
  return `${platform.os}/${platform.architecture}${variant}`;
}

/**
 * Chooses the manifests below an index that belong to the wanted platforms, BuildKit's attestations for them included.
 *
 * @param platforms - `os/architecture[/variant]`; a name without variant takes every variant; all when absent or empty
 */
export function selectChildren(parsed: Manifest, platforms: readonly string[] | undefined): readonly Descriptor[] {
  if (parsed.kind !== 'index') return [];
  const manifests = manifestsBelow(parsed);
  if (platforms === undefined || platforms.length === 0) return manifests;
  const isWanted = (child: Descriptor): boolean => {
    if (child.platform === undefined) return false;
    const name = formatPlatform(child.platform);
    return platforms.some((wanted) => name === wanted || name.startsWith(`${wanted}/`));
  };
  const wanted = new Set(manifests.filter(isWanted).map((child) => child.digest));
  return manifests.filter((child) => wanted.has(child.digest) || wanted.has(child.annotations?.[attestedDigest] ?? ''));
}
