import type { RegistryError } from '../errors/index.js';
import { parseErrorBody } from '../http/error-body.js';
import { errorFromRefusal } from '../http/response-error.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isManifestType } from '../oci/media-types.js';
import type { Connections } from './connections.js';
import type { Repository } from './repository.js';

/** What a deletion needs to know. */
export interface DeleteInput {
  readonly connections: Connections;
  readonly at: Repository;
  readonly descriptor: Descriptor;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends the request that deletes content which was there a moment ago.
 *
 * @throws RegistryError for every answer but "deleted" and "gone"
 */
export async function sendDelete(input: DeleteInput, endpoint: 'manifests' | 'blobs'): Promise<void> {
  const { at, descriptor, signal } = input;
  const answer = await at.read('DELETE', at.url(endpoint, descriptor.digest), deleteBound(input), {
    signal,
    scopes: [at.scope('delete')],
  });
  if ([200, 202, 204].includes(answer.status)) return;
  const isDenied = at.refused(answer, 'delete', named(descriptor).what).code !== 'ERR_OCI_NOT_FOUND';
  // A request that was sent again may find its own work done; a router without such a route says 404 as well.
  if (answer.status === 404 && !isDenied && !(await isThere(input))) return;
  throw refusal(input, answer);
}

/**
 * Asks whether content is still there; every 200 counts as "yes", since "no" means that it was deleted.
 *
 * @throws RegistryError for an answer that is neither, and for a 404 that is another origin's word
 */
export async function isThere(input: DeleteInput): Promise<boolean> {
  const { at, descriptor, signal } = input;
  const { kind, what } = named(descriptor);
  const bound = deleteBound(input);
  const head =
    kind === 'manifest'
      ? await at.manifest('HEAD', descriptor.digest, bound, { signal })
      : await at.read('HEAD', at.url('blobs', descriptor.digest), bound, { signal });
  if (head.status === 200) return true;
  if (head.status !== 404) throw at.refused(head, 'look for', what);
  if (!head.leftOrigin) return false;
  // By its code as well it must not pass for "not found": who deletes takes that for done.
  throw errorFromRefusal(head, {
    code: 'ERR_OCI_REGISTRY_STATUS',
    operation: 'look for',
    what: `${what} of ${at.name}, which could not be deleted,`,
    details: [],
    hint: `${at.host.host} sent the question on to ${head.url.host}, which cannot say that it is gone: look there with the registry's own tools`,
  });
}

function refusal({ at, descriptor }: DeleteInput, answer: BufferedResponse): RegistryError {
  const { kind, what } = named(descriptor);
  // Two answers of the specification where deleting is switched off, as it is in distribution by default, and one of routers.
  if (![400, 404, 405].includes(answer.status)) return at.refused(answer, 'delete', what);
  return errorFromRefusal(answer, {
    code: 'ERR_OCI_REGISTRY_STATUS',
    operation: 'delete',
    what: `${what} of ${at.name}`,
    details: parseErrorBody(answer.bytes, answer.bytes.length),
    hint: `${at.host.host} does not delete ${kind}s: enable storage.delete in the registry's configuration (and end its read-only mode), or delete it with the registry's own tools`,
  });
}

function named({ mediaType, digest }: Descriptor): { kind: 'manifest' | 'blob'; what: string } {
  const kind = isManifestType(mediaType) ? 'manifest' : 'blob';
  return { kind, what: `${kind} ${digest}` };
}

/** Bound on what is read of an answer. */
export function deleteBound({ connections }: DeleteInput): { limitName: string; limit: number } {
  return { limitName: 'maxErrorBytes', limit: connections.options.limits.maxErrorBytes };
}
