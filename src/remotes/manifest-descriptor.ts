import type { AbortableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import { ProtocolError } from '../errors/index.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isDigest } from '../oci/digest.js';
import { isManifestType, mediaTypeOf } from '../oci/media-types.js';
import type { Repository } from './repository.js';
import { verifiedDigest } from './tag-schema.js';

/**
 * Finds type, digest and size of a manifest by tag or digest: HEAD where its answer is complete, GET where it is not.
 *
 * Some registries refuse HEAD, leave headers out, or answer it without the body that says why: GET settles all of them.
 *
 * @returns undefined when the registry itself says that there is no such manifest
 * @throws RegistryError `ERR_OCI_NOT_FOUND` when another origin says so
 */
export async function describeManifest(
  repository: Repository,
  reference: string,
  options: AbortableOptions & { readonly limits: Limits },
): Promise<Descriptor | undefined> {
  const what = repository.describe(`manifest ${reference}`);
  const bound = { limitName: 'maxManifestBytes', limit: options.limits.maxManifestBytes };
  const head = await repository.manifest('HEAD', reference, bound, { signal: options.signal });
  const fromHead = head.status === 200 ? descriptorFromHead(head) : undefined;
  if (fromHead !== undefined) return fromHead;
  // A registry that is busy or broken is not asked twice over.
  if (head.status === 429 || (head.status >= 500 && head.status !== 501))
    throw repository.refused(head, 'resolve', reference);

  const answer = await repository.manifest('GET', reference, bound, { signal: options.signal });
  if (answer.status === 404) {
    const error = repository.refused(answer, 'resolve', reference);
    // GHCR sends unknown tags to its web site: such a 404 is not the registry's own word.
    if (answer.leftOrigin || error.registryErrors.some(({ code }) => /^(?:DENIED|UNAUTHORIZED)$/i.test(code)))
      throw error;
    return undefined;
  }
  if (answer.status !== 200) throw repository.refused(answer, 'resolve', reference);
  const mediaType = manifestTypeOf(answer, what);
  return { mediaType, digest: verifiedDigest(answer, what), size: answer.bytes.length };
}

/** Returns the media type of a manifest answer; a page of HTML is not a manifest. */
export function manifestTypeOf(answer: Pick<BufferedResponse, 'headers'>, what: string): string {
  const mediaType = mediaTypeOf(answer.headers.get('content-type'));
  if (isManifestType(mediaType)) return mediaType;
  throw new ProtocolError(
    'ERR_OCI_BAD_CONTENT_TYPE',
    `${what} came as ${mediaTypeOf(answer.headers.quote('content-type', 128)) || 'content without a type'}, which is not a manifest`,
    {
      hint: 'a proxy or login page may have answered instead of the registry; open the URL with curl -v and look',
    },
  );
}

function descriptorFromHead(answer: BufferedResponse): Descriptor | undefined {
  const digest = answer.headers.get('docker-content-digest') ?? '';
  const mediaType = mediaTypeOf(answer.headers.get('content-type'));
  const length = answer.headers.get('content-length') ?? '';
  // The length of a compressed body is not the size of the manifest.
  const isPlain = (answer.headers.get('content-encoding') ?? 'identity').trim().toLowerCase() === 'identity';
  const isComplete = isPlain && isDigest(digest) && isManifestType(mediaType) && /^[1-9][0-9]{0,9}$/.test(length);
  return isComplete ? { mediaType, digest, size: Number(length) } : undefined;
}
