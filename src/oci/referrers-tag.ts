import { parseDigest } from './digest.js';
import { isTag } from './reference.js';

/**
 * Builds the tag under which a registry without the referrers API keeps the list of a subject's referrers.
 *
 * @remarks Algorithm cut at 32 characters, encoded part at 64: a sha512 subject has a tag with 64 hex characters.
 * @param digest - digest of the subject
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_DIGEST`
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function referrersTag(digest: string): string {
  const { algorithm, encoded } = parseDigest(digest, 'subject digest');
  const clean = (part: string, most: number): string => part.slice(0, most).replace(/[^A-Za-z0-9._-]/g, '-');
  return `${clean(algorithm, 32)}-${clean(encoded, 64)}`;
}

/** Tells whether a tag is the name of some subject's list of referrers; some clients do not cut that of a sha512 subject. */
export function isReferrersTag(tag: string): boolean {
  return /^sha(?:256-[a-f0-9]{64}|512-[a-f0-9]{64}(?:[a-f0-9]{64})?)$/.test(tag);
}

/**
 * Tells whether a tag is one of cosign's older ones for a subject: its referrers tag, a dot and a suffix such as `sig`.
 *
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_DIGEST`
 */
export function isLegacyTag(tag: string, subject: string): boolean {
  const prefix = `${referrersTag(subject)}.`;
  return tag.startsWith(prefix) && isTag(tag) && /^[A-Za-z0-9_-]+$/.test(tag.slice(prefix.length));
}
