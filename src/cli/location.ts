import type { LayoutLocation } from '../index.js';
import { parseImage } from './parse-image.js';
import { UsageError } from './usage-error.js';

/** Where an image is, as the command line names it. */
export type Location = LayoutLocation | { readonly reference: string; readonly registry: string };

/**
 * Reads a location: `oci:DIR[:NAME]`, `oci:DIR@DIGEST`, `ocidir://DIR[:TAG]`, or a reference.
 *
 * @throws UsageError for a layout without a directory, a path, a registry alone; what `parseImage` throws
 */
export function parseLocation(text: string, argument: string): Location {
  const layout = parseLayoutLocation(text);
  if (layout !== undefined) return layout;
  return { reference: text, registry: parseImage(text, argument).registry };
}

/** Reads a location in a layout; undefined for everything else. */
export function parseLayoutLocation(text: string): LayoutLocation | undefined {
  const scheme = ['ocidir://', 'oci:'].find((prefix) => text.startsWith(prefix));
  if (scheme === undefined) return undefined;
  const rest = text.slice(scheme.length);
  // skopeo's directory ends at the first colon, regctl's at the last one that a tag follows.
  const end = scheme === 'oci:' ? firstOf(rest) : endOfOcidir(rest);
  const layout = rest.slice(0, end);
  if (layout === '') {
    throw new UsageError(`${text} names no directory`, { hint: 'write oci:DIR, oci:DIR:NAME or oci:DIR@DIGEST' });
  }
  const name = rest.charAt(end) === '@' ? rest.slice(end) : rest.slice(end + 1);
  return name === '' ? { layout } : { layout, name };
}

function firstOf(rest: string): number {
  const digest = digestAt(rest);
  const colon = rest.indexOf(':');
  if (colon < 0) return rest.length;
  return digest >= 0 && digest < colon ? digest : colon;
}

function endOfOcidir(rest: string): number {
  const digest = digestAt(rest);
  if (digest >= 0) return digest;
  const colon = rest.lastIndexOf(':');
  return colon > rest.lastIndexOf('/') ? colon : rest.length;
}

function digestAt(rest: string): number {
  return rest.search(/@sha(?:256:[a-f0-9]{64}|512:[a-f0-9]{128})$/);
}
