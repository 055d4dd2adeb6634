import type { AbortableOptions } from '../content/abort.js';
import type { ByteLimit } from '../content/read.js';
import { ProtocolError, type RegistryError } from '../errors/index.js';
import { parseErrorBody } from '../http/error-body.js';
import { errorFromRefusal } from '../http/response-error.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { Repository } from './repository.js';

/** An upload that a registry has opened, as far as it is known. */
export interface UploadSession {
  /** Where the next request goes; every answer may change it. */
  readonly location: URL;
  /** Bytes the registry is known to have. */
  readonly received: number;
  /** Bytes a chunk has to have at least, the last one excepted. */
  readonly minChunkBytes: number;
}

/** What a registry says about an upload: how it stands, that there is none, or nothing that helps. */
export type UploadStatus = Pick<UploadSession, 'location' | 'received'> | 'lost' | 'unknown';

const cancelMs = 2_000;

/** Opens an upload; `query` asks for more than that, such as a mount. */
export async function postUpload(
  at: Repository,
  query: Readonly<Record<string, string>>,
  bound: ByteLimit,
  options: AbortableOptions & { readonly scopes?: readonly string[] },
): Promise<BufferedResponse> {
  const url = at.url('blobs', 'uploads');
  // The specification's path ends in a slash, and some registries insist on it.
  url.pathname += '/';
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return await at.read('POST', url, bound, { scopes: [at.scope('pull,push')], ...options });
}

/** Reads what the answer to the request for an upload says. */
export function sessionFrom(answer: BufferedResponse, what: string): UploadSession {
  const least = answer.headers.get('oci-chunk-min-length') ?? '';
  return {
    location: locationOf(answer, what),
    received: 0,
    minChunkBytes: /^[0-9]{1,15}$/.test(least) ? Number(least) : 0,
  };
}

/**
 * Asks how an upload stands.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 */
export async function askStatus(
  at: Repository,
  session: UploadSession,
  what: string,
  bound: ByteLimit,
  options: AbortableOptions,
): Promise<UploadStatus> {
  const answer = await at.read('GET', session.location, bound, { ...options, scopes: [at.scope('pull,push')] });
  if (answer.status >= 200 && answer.status < 300) {
    const received = parseReceived(answer.headers.get('range'));
    if (received === undefined) return 'unknown';
    return { location: nextLocation(at, answer, session, what), received };
  }
  if (isSessionLost(at, answer)) return 'lost';
  // Registries that cannot say (crane answers 400) may still go on.
  if ([400, 405, 501].includes(answer.status)) return 'unknown';
  throw at.refused(answer, 'ask for the upload of', what);
}

/**
 * Ends an upload that nobody goes on with; whatever becomes of that, it does not take long.
 *
 * @param until - ends it even sooner
 * @returns whether the registry says that there is no such upload any more
 */
export async function cancelUpload(
  at: Repository,
  { location }: UploadSession,
  bound: ByteLimit,
  until?: AbortSignal,
): Promise<boolean> {
  // Nobody but the registry itself may say what is deleted here.
  if (location.origin !== at.client.origin) return false;
  const late = AbortSignal.timeout(cancelMs);
  const signal = until === undefined ? late : AbortSignal.any([until, late]);
  const options = { signal, scopes: [at.scope('pull,push')] };
  const answer = await at.read('DELETE', location, bound, options).catch(() => undefined);
  if (answer === undefined || answer.leftOrigin) return false;
  // A router without such a route says 404 as well.
  return [200, 202, 204].includes(answer.status) || hasLostUpload(at, answer);
}

/**
 * Reads how many bytes a registry has of an upload from `Range: 0-LAST`.
 *
 * @remarks `0-0` is one byte or, from most registries, none.
 * @returns undefined for anything else
 */
export function parseReceived(range: string | undefined): number | undefined {
  const [, last] = /^(?:bytes[=: ]?)?\s*0-(-1|[0-9]{1,15})$/i.exec(range?.trim() ?? '') ?? [];
  return last === undefined ? undefined : Number(last) + 1;
}

/** Tells whether an answer means that the registry does not know the upload, or not in this state any more. */
export function isSessionLost(at: Repository, answer: BufferedResponse): boolean {
  if (answer.status !== 404 && answer.status !== 400) return false;
  // olareg says it with 400; distribution 2.8 with 404 once more has arrived than the Location it gave says.
  return hasLostUpload(at, answer) || at.refused(answer, 'upload', 'blob').code === 'ERR_OCI_NOT_FOUND';
}

/** Tells whether a registry says in its own words that there is no such upload. */
function hasLostUpload(at: Repository, answer: BufferedResponse): boolean {
  const { registryErrors } = at.refused(answer, 'upload', 'blob');
  return registryErrors.some((error) => /^BLOB_UPLOAD_(?:UNKNOWN|INVALID)$/.test(error.code));
}

/** Makes the error for an upload that the registry has forgotten: not a "not found" about anything the caller named. */
export function lostSession(at: Repository, answer: BufferedResponse, blob: Descriptor): RegistryError {
  return errorFromRefusal(answer, {
    code: 'ERR_OCI_REGISTRY_STATUS',
    operation: 'upload',
    what: `blob ${blob.digest} of ${at.name}`,
    details: parseErrorBody(answer.bytes, answer.bytes.length),
    hint: 'the registry does not know the upload it opened: it may have expired, or its nodes do not share them; try again',
  });
}

/**
 * The Location an answer gives, or the one before where it gives none.
 *
 * @throws {@link ProtocolError} `ERR_OCI_BAD_HEADER` for one that is of no use, and for one that another origin gave and that is
 * at the registry: the next request would carry a credential to wherever that origin likes
 */
export function nextLocation(at: Repository, answer: BufferedResponse, before: UploadSession, what: string): URL {
  if (answer.headers.get('location') === undefined) return before.location;
  const location = locationOf(answer, what);
  if (!answer.leftOrigin || location.origin !== at.client.origin) return location;
  throw new ProtocolError(
    'ERR_OCI_BAD_HEADER',
    `upload of ${what}: ${answer.url.host}, where the registry sent it, sends it back to the registry`,
    { hint: 'nobody but the registry may say what is sent to it; look at where it keeps its uploads' },
  );
}

/** Adds the digest behind whatever the registry put into the query, which is nobody's to rewrite. */
export function withDigest(location: URL, digest: string): URL {
  const query = location.search === '' ? '?' : `${location.search}&`;
  return new URL(`${location.origin}${location.pathname}${query}digest=${encodeURIComponent(digest)}`);
}

export function locationOf(answer: BufferedResponse, what: string): URL {
  const location = answer.headers.get('location');
  const url =
    location !== undefined && URL.canParse(location, answer.url.href) ? new URL(location, answer.url) : undefined;
  if (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    !(answer.url.protocol === 'https:' && url.protocol === 'http:')
  )
    return url;
  throw new ProtocolError('ERR_OCI_BAD_HEADER', `upload of ${what}: ${answer.url.host} gave no usable Location`, {
    hint: 'the registry, or a proxy that rewrites its answers, is misconfigured',
  });
}
