import type { Readable } from 'node:stream';
import type { AbortableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import { IntegrityError, ProtocolError } from '../errors/index.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { Repository } from './repository.js';
import { isContent } from './stored-content.js';

type UploadOptions = AbortableOptions & { readonly limits: Limits };

/**
 * Uploads a blob unless it is there already.
 *
 * @returns false when the registry had it
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-monolithically
 */
export async function uploadBlob(
  at: Repository,
  descriptor: Descriptor,
  content: Uint8Array | (() => Readable),
  options: UploadOptions,
): Promise<boolean> {
  const { signal } = options;
  const what = at.describe(`blob ${descriptor.digest}`);
  const head = await at.read('HEAD', at.url('blobs', descriptor.digest), errorBound(options), { signal });
  if (head.status === 200 && isContent(head, descriptor)) return false;
  if (head.status !== 404 && head.status !== 200) throw at.refused(head, 'look for', `blob ${descriptor.digest}`);

  const session = await at.read('POST', uploadsUrl(at), errorBound(options), {
    signal,
    scopes: [at.scope('pull,push')],
  });
  if (session.status !== 202) throw at.refused(session, 'start the upload of', `blob ${descriptor.digest}`);
  const location = withDigest(uploadLocation(at, session, what), descriptor.digest);
  const done = await at.read('PUT', location, errorBound(options), {
    signal,
    scopes: [at.scope('pull,push')],
    kind: 'blob',
    headers: { 'content-type': 'application/octet-stream' },
    body: content,
    bodySize: descriptor.size,
  });
  if (done.status !== 201) throw at.refused(done, 'upload', `blob ${descriptor.digest}`);
  assertStoredDigest(done, descriptor.digest, what);
  return true;
}

/**
 * Asks the registry to take a blob over from another of its repositories.
 *
 * @returns true only when it says that it did; an upload session opened instead is cancelled
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
 */
export async function mountBlob(
  at: Repository,
  descriptor: Descriptor,
  from: string,
  options: UploadOptions,
): Promise<boolean> {
  const { signal } = options;
  const url = uploadsUrl(at);
  url.searchParams.set('mount', descriptor.digest);
  url.searchParams.set('from', from);
  const scopes = [at.scope('pull,push'), `repository:${from}:pull`];
  const answer = await at.read('POST', url, errorBound(options), { signal, scopes });
  if (answer.status === 201) {
    assertStoredDigest(answer, descriptor.digest, at.describe(`blob ${descriptor.digest}`));
    return true;
  }
  // A registry that cannot mount opens a session; one that will not says so. Both mean: upload it.
  if (answer.status === 202) {
    const location = uploadLocation(at, answer, `mount of ${descriptor.digest}`);
    // Nobody but the registry itself may say what is deleted here.
    if (location.origin !== at.client.origin) return false;
    await at.read('DELETE', location, errorBound(options), { signal, scopes: [at.scope('pull,push')] });
    return false;
  }
  if ([401, 403, 404, 405].includes(answer.status)) return false;
  throw at.refused(answer, 'mount', `blob ${descriptor.digest}`);
}

/** Compares the digest a registry says it stored, where it says one in the same algorithm. */
export function assertStoredDigest(answer: BufferedResponse, digest: string, what: string): void {
  const stored = answer.headers.get('docker-content-digest');
  if (stored === undefined || stored === digest) return;
  if (stored.split(':', 1)[0] !== digest.split(':', 1)[0]) return;
  throw new IntegrityError('ERR_OCI_DIGEST_MISMATCH', `${what} was stored as ${stored}`, {
    expected: digest,
    actual: stored,
    hint: 'something between here and the registry changed the content; push again',
  });
}

function uploadsUrl(at: Repository): URL {
  const url = at.url('blobs', 'uploads');
  // The specification's path ends in a slash, and some registries insist on it.
  url.pathname += '/';
  return url;
}

function uploadLocation(at: Repository, answer: BufferedResponse, what: string): URL {
  const location = answer.headers.get('location');
  const url =
    location !== undefined && URL.canParse(location, answer.url.href) ? new URL(location, answer.url) : undefined;
  if (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    !(answer.url.protocol === 'https:' && url.protocol === 'http:')
  )
    return url;
  throw new ProtocolError('ERR_OCI_BAD_HEADER', `upload of ${what}: ${at.host.host} gave no usable Location`, {
    hint: 'the registry, or a proxy that rewrites its answers, is misconfigured',
  });
}

/** Adds the digest behind whatever the registry put into the query, which is nobody's to rewrite. */
function withDigest(location: URL, digest: string): URL {
  const query = location.search === '' ? '?' : `${location.search}&`;
  return new URL(`${location.origin}${location.pathname}${query}digest=${encodeURIComponent(digest)}`);
}

function errorBound({ limits }: UploadOptions): { limitName: string; limit: number } {
  return { limitName: 'maxErrorBytes', limit: limits.maxErrorBytes };
}
