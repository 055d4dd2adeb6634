import { isDigest } from '../oci/digest.js';
import { failure, methodNotAllowed } from './answers.js';
import type { Context } from './context.js';
import type { RegistryAnswer } from './types.js';

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
  return serve(bytes, reference, request.headers['range']);
}

function serve(bytes: Uint8Array, digest: string, rangeHeader: string | undefined): RegistryAnswer {
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
  };
  const range = parseRange(rangeHeader, bytes.length);
  if (range === undefined) return { status: 200, headers, body: bytes };
  if (range === 'unsatisfiable') {
    return failure(416, 'RANGE_INVALID', 'the blob has no such range', { 'content-range': `bytes */${bytes.length}` });
  }
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${range.first}-${range.last}/${bytes.length}` },
    body: bytes.subarray(range.first, range.last + 1),
  };
}

/** Reads a `Range` of one part (RFC 9110, section 14); anything else means the whole, as the RFC allows. */
function parseRange(
  header: string | undefined,
  size: number,
): { readonly first: number; readonly last: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [from = '', to = ''] = match?.slice(1) ?? [];
  if (from === '' && to === '') return undefined;
  if (from === '')
    return Number(to) === 0 || size === 0 ? 'unsatisfiable' : { first: Math.max(0, size - Number(to)), last: size - 1 };
  const first = Number(from);
  if (to !== '' && Number(to) < first) return undefined;
  if (first >= size) return 'unsatisfiable';
  return { first, last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
}
