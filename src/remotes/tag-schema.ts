import type { StoppableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import { IntegrityError, ReferrersError } from '../errors/index.js';
import { parseErrorBody } from '../http/error-body.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf, isDigest, parseDigest } from '../oci/digest.js';
import { type ImageIndex, parseIndex } from '../oci/manifest.js';
import { isManifestType, mediaTypeOf, mediaTypes } from '../oci/media-types.js';
import { referrersTag } from '../oci/referrers-tag.js';
import type { AttemptLog } from './attempt-log.js';
import type { Repository } from './repository.js';

/** What the referrers tag of a subject holds. */
export type TagAnswer =
  | { readonly kind: 'index'; readonly index: ImageIndex; readonly bytes: Buffer; readonly etag: string | undefined }
  | { readonly kind: 'absent'; readonly errorCodes: readonly string[]; readonly isWeak: boolean }
  | { readonly kind: 'aliases-subject' };

/**
 * Reads the list a registry without the referrers API keeps under the subject's referrers tag.
 *
 * @throws ReferrersError `ERR_OCI_REFERRERS_TAG_INVALID` when something else than a list is there
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export async function readReferrersTag(
  repository: Repository,
  subject: Descriptor,
  options: StoppableOptions & { readonly limits: Limits; readonly attempts: AttemptLog },
): Promise<TagAnswer> {
  const tag = referrersTag(subject.digest);
  const what = repository.describe(`referrers tag ${tag}`);
  return await options.attempts.record(repository.host.host, 'tag', async (note) => {
    const bound = { limitName: 'maxManifestBytes', limit: options.limits.maxManifestBytes };
    const answer = await repository.manifest('GET', tag, bound, { signal: options.signal });
    note({ status: answer.status });
    if (answer.status === 404) {
      const errorCodes = parseErrorBody(answer.bytes, options.limits.maxErrorBytes).map((error) =>
        error.code.toUpperCase(),
      );
      if (errorCodes.includes('DENIED') || errorCodes.includes('UNAUTHORIZED'))
        throw repository.refused(answer, 'read', `referrers tag ${tag}`);
      note({ rule: 'tag-absent' });
      // GHCR sends unknown tags to its web site: such a 404 says less than the registry's own.
      return { kind: 'absent', errorCodes, isWeak: answer.leftOrigin };
    }
    if (answer.status !== 200) throw repository.refused(answer, 'read', `referrers tag ${tag}`);
    const read = readTagIndex(answer, subject, what);
    note({ rule: read.kind === 'index' ? 'tag-index' : read.kind });
    return read;
  });
}

function readTagIndex(answer: BufferedResponse, subject: Descriptor, what: string): TagAnswer {
  verifiedDigest(answer, what);
  const { algorithm } = parseDigest(subject.digest);
  // GitLab resolves the tag sha256-<hex> to the manifest sha256:<hex>: the subject itself, whose children are no referrers.
  if (digestOf(answer.bytes, algorithm) === subject.digest) return { kind: 'aliases-subject' };
  const type = mediaTypeOf(answer.headers.get('content-type'));
  const invalid = (reason: string): never => {
    throw new ReferrersError('ERR_OCI_REFERRERS_TAG_INVALID', `${what} ${reason}`, {
      subject: subject.digest,
      hint: isManifestType(type)
        ? 'someone else uses this tag; move what is there to another tag, or set fallbackHosts: false (--no-fallback)'
        : 'a proxy or login page may have answered instead of the registry; open the URL with curl -v and look',
    });
  };
  if (type !== mediaTypes.ociIndex)
    invalid(
      `holds ${mediaTypeOf(answer.headers.quote('content-type', 128)) || 'content without a type'}, not an OCI image index`,
    );
  const index = parseIndex(answer.bytes, what);
  if (index.manifests.some((entry) => entry.digest === subject.digest))
    invalid('lists the subject as its own referrer');
  return { kind: 'index', index, bytes: answer.bytes, etag: answer.headers.get('etag') };
}

/** Computes the digest of an answer, and refuses one that is not what its own header says. */
export function verifiedDigest(answer: BufferedResponse, what: string): string {
  const stated = answer.headers.get('docker-content-digest');
  if (stated === undefined || !isDigest(stated)) return digestOf(answer.bytes);
  const actual = digestOf(answer.bytes, parseDigest(stated).algorithm);
  if (actual === stated) return actual;
  throw new IntegrityError(
    'ERR_OCI_DIGEST_MISMATCH',
    `${what}: the body hashes to ${actual}, its header says ${stated}`,
    {
      expected: stated,
      actual,
      hint: 'something between here and the registry changes answers; do not use what came',
    },
  );
}
