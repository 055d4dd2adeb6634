import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isManifestType, mediaTypeOf } from '../oci/media-types.js';

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
