import type { AbortableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { Repository } from './repository.js';
import { assertStoredDigest } from './stored-content.js';

/** Puts raw manifest bytes at a tag or digest and checks what the registry says it stored. */
export async function putManifest(
  at: Repository,
  reference: string,
  descriptor: Descriptor,
  bytes: Uint8Array,
  options: AbortableOptions & { readonly limits: Limits; readonly headers?: Readonly<Record<string, string>> },
): Promise<BufferedResponse> {
  const what = at.describe(`manifest ${reference}`);
  const bound = { limitName: 'maxErrorBytes', limit: options.limits.maxErrorBytes };
  const answer = await at.read('PUT', at.url('manifests', reference), bound, {
    signal: options.signal,
    scopes: [at.scope('pull,push')],
    headers: { 'content-type': descriptor.mediaType, ...options.headers },
    body: bytes,
  });
  if (answer.status !== 201 && answer.status !== 200 && answer.status !== 202) {
    throw at.refused(answer, 'push', `manifest ${reference}`);
  }
  assertStoredDigest(answer, descriptor.digest, what);
  return answer;
}
