import type { ByteLimit } from '../content/read.js';
import { IntegrityError } from '../errors/index.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isManifestType, mediaTypeOf } from '../oci/media-types.js';
import type { Repository } from './repository.js';

/**
 * Tells whether a 200 to a HEAD is really about the content: a login page is a 200 too.
 *
 * A manifest has a manifest's type, and a digest header that fits where there is one. A blob has the right length, or says
 * its digest; when nothing tells, it is uploaded once more rather than believed to be there.
 */
export function isContent(answer: BufferedResponse, descriptor: Descriptor): boolean {
  const digest = answer.headers.get('docker-content-digest');
  if (digest !== undefined && digest !== descriptor.digest && sameAlgorithm(digest, descriptor.digest)) return false;
  if (isManifestType(descriptor.mediaType)) return isManifestType(mediaTypeOf(answer.headers.get('content-type')));
  const length = answer.headers.get('content-length');
  if (length !== undefined) return length === String(descriptor.size);
  return digest === descriptor.digest;
}

function sameAlgorithm(left: string, right: string): boolean {
  return left.split(':', 1)[0] === right.split(':', 1)[0];
}

/** Asks whether a blob is in a repository. */
export async function isBlobThere(
  at: Repository,
  blob: Descriptor,
  bound: ByteLimit,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const head = await at.read('HEAD', at.url('blobs', blob.digest), bound, { signal });
  if (head.status !== 404 && head.status !== 200) throw at.refused(head, 'look for', `blob ${blob.digest}`);
  return head.status === 200 && isContent(head, blob);
}

/** Compares the digest a registry says it stored, where it says one in the same algorithm. */
export function assertStoredDigest(answer: BufferedResponse, digest: string, what: string): void {
  const stored = answer.headers.get('docker-content-digest');
  if (stored === undefined || stored === digest) return;
  if (!sameAlgorithm(stored, digest)) return;
  throw new IntegrityError('ERR_OCI_DIGEST_MISMATCH', `${what} was stored as ${stored}`, {
    expected: digest,
    actual: stored,
    hint: 'something between here and the registry changed the content; push again',
  });
}
