import { isDigest } from '../oci/digest.js';
import { failure, methodNotAllowed } from './answers.js';
import type { Context } from './context.js';
import { parseRange } from './range.js';
import type { RegistryAnswer, RequestFacts } from './types.js';

/** Serves and deletes blobs (distribution-spec v1.1.1, end-2 and end-10). */
export function handleBlob(context: Context): RegistryAnswer {
  const { request, reference, store } = context;
  if (!['GET', 'HEAD', 'DELETE'].includes(request.method)) return methodNotAllowed(['GET', 'HEAD', 'DELETE']);
  if (!isDigest(reference)) return failure(400, 'DIGEST_INVALID', 'provided digest is not one this registry can check');
  const blobs = store.repositories.get(context.repository)?.blobs;
  const bytes = blobs?.get(reference);
  if (blobs === undefined || bytes === undefined) return failure(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
  if (request.method === 'DELETE') {
    blobs.delete(reference);
    return { status: 202, headers: {} };
  }
  return serveBlob(bytes, reference, request);
}

/** Answers with the bytes of a blob, or with the range of them that is asked for. */
export function serveBlob(bytes: Uint8Array, digest: string, { method, headers: asked }: RequestFacts): RegistryAnswer {
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
  };
  const range = parseRange(method === 'GET' ? asked['range'] : undefined, bytes.length);
  if (range === undefined) return { status: 200, headers, body: bytes };
  if (range === 'unsatisfiable') {
    return failure(416, 'SIZE_INVALID', 'the blob has no such range', { 'content-range': `bytes */${bytes.length}` });
  }
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${range.first}-${range.last}/${bytes.length}` },
    body: bytes.subarray(range.first, range.last + 1),
  };
}
