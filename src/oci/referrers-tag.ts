import { parseDigest } from './digest.js';

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
