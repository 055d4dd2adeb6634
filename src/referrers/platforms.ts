import { ArgumentError } from '../errors/index.js';
import type { Descriptor, Platform } from '../oci/descriptor.js';
import { escapeText } from '../oci/escape.js';
import { manifestsBelow } from '../oci/manifest.js';
import type { GraphNode } from './graph.js';

/** BuildKit puts a platform's attestations next to it and names the platform's manifest in this annotation. */
const attestedDigest = 'vnd.docker.reference.digest';

/** An index may name thousands; a message names so many of them. */
const mostNamed = 20;

/** Writes a platform as `os/architecture[/variant]`. */
export function formatPlatform(platform: Platform): string {
  const variant = platform.variant === undefined ? '' : `/${platform.variant}`;
  return `${platform.os}/${platform.architecture}${variant}`;
}

/**
 * Chooses the manifests below an index that belong to the wanted platforms, BuildKit's attestations for them included.
 *
 * @param platforms - `os/architecture[/variant]`; a name without variant takes every variant; all when absent or empty
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` when one of the platforms is not there, or the node is no index
 */
export function selectChildren(node: GraphNode, platforms: readonly string[] = []): readonly Descriptor[] {
  const { descriptor, parsed } = node;
  const manifests = parsed.kind === 'index' ? manifestsBelow(parsed) : [];
  if (platforms.length === 0) return manifests;
  if (parsed.kind !== 'index') throw notAnIndex(descriptor);
  const missing = platforms.filter((wanted) => !manifests.some((child) => isOfPlatform(child, wanted)));
  if (missing.length > 0) throw notThere(missing, manifests, descriptor);
  const chosen = manifests.filter((child) => platforms.some((wanted) => isOfPlatform(child, wanted)));
  const digests = new Set(chosen.map(({ digest }) => digest));
  return manifests.filter(
    ({ digest, annotations }) => digests.has(digest) || digests.has(annotations?.[attestedDigest] ?? ''),
  );
}

function isOfPlatform({ platform }: Descriptor, wanted: string): boolean {
  if (platform === undefined) return false;
  const name = formatPlatform(platform);
  return name === wanted || name.startsWith(`${wanted}/`);
}

function notAnIndex({ digest }: Descriptor): ArgumentError {
  const message = `choosing a platform of ${digest}: it is a single manifest, not an index`;
  const hint = 'leave the platform out; it chooses among the manifests of an index, and is not compared with an image';
  return new ArgumentError('ERR_OCI_INVALID_OPTION', message, { argument: 'platforms', hint });
}

function notThere(missing: readonly string[], manifests: readonly Descriptor[], { digest }: Descriptor): ArgumentError {
  const names = manifests.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]));
  // BuildKit calls the platform of its attestations unknown/unknown.
  const there = [...new Set(names)].filter((name) => name !== 'unknown/unknown').sort();
  const message = `choosing platforms of the index ${digest}: it does not have ${listOf(missing)}`;
  const hint = there.length === 0 ? 'leave the platform out: this index names none' : `it has ${listOf(there)}`;
  return new ArgumentError('ERR_OCI_INVALID_OPTION', message, { argument: 'platforms', hint });
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).map((name) => escapeText(name));
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ');
}
