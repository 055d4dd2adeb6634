import type { Readable } from 'node:stream';
import type { AbortableOptions } from '../content/abort.js';
import { checkOptions } from '../content/check-options.js';
import { assertContent, readBounded, tooLarge } from '../content/read.js';
import type { FetchByDigestOptions, FetchedContent, ListReferrersOptions, ReferrersList } from '../content/sources.js';
import { digestMismatch, sizeMismatch, streamVerified } from '../content/verify-stream.js';
import { isOciError } from '../errors/index.js';
import { errorFromResponse } from '../http/response-error.js';
import { isBrokenOff } from '../http/transport-error.js';
import type { RegistryResponse } from '../http/types.js';
import { assertDescriptor, type Descriptor } from '../oci/descriptor.js';
import { digestOf, parseDigest } from '../oci/digest.js';
import { isManifestType } from '../oci/media-types.js';
import type { Reference } from '../oci/reference.js';
import { openDownload } from './blob-download.js';
import type { Connections } from './connections.js';
import { hostsWith } from './hosts.js';
import { manifestTypeOf } from './manifest-descriptor.js';
import { listReferrersOptions } from './option-schemas.js';
import { listReferrers } from './referrers.js';
import type { Repository } from './repository.js';
import { tryRepositories } from './try-repositories.js';
import type { Fetcher } from './types.js';

/** A larger blob is streamed, however much of it one window has to bring. */
const mostBytesInMemory = 64 * 1024;

/** Creates the fetcher of one repository; `scope` aborts everything it does. */
export function createFetcher(
  connections: Connections,
  reference: Reference,
  repositories: readonly Repository[],
  scope: AbortSignal | undefined,
): Fetcher {
  const merged = (signal?: AbortSignal): AbortSignal | undefined => mergeSignals(scope, signal);
  const pullFrom = <Result>(
    work: (repository: Repository) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> => {
    const hosts = repositories.map(({ host }) => host);
    const eligible = new Set(hostsWith(hosts, 'pull', reference.registry));
    return tryRepositories(
      repositories.filter(({ host }) => eligible.has(host)),
      work,
      signal,
    );
  };

  const list = (descriptor: Descriptor, options: ListReferrersOptions): Promise<ReferrersList> =>
    listReferrers({ connections, reference, repositories, byDigest: fetcher }, descriptor, {
      ...options,
      signal: merged(options.signal),
    });

  const fetcher: Fetcher = {
    async fetch(descriptor: Descriptor, options: AbortableOptions = {}): Promise<Readable> {
      assertDescriptor(descriptor);
      const signal = merged(options.signal);
      if (!isManifestType(descriptor.mediaType))
        return await pullFrom((at) => openBlob(connections, at, descriptor, signal), signal);
      return await pullFrom(async (at) => {
        const { bytes } = await readManifest(connections, at, descriptor.digest, signal);
        assertContent(bytes, descriptor, at.host.host);
        return streamVerified(bytes, descriptor);
      }, signal);
    },

    async fetchByDigest(digest: string, options: FetchByDigestOptions = {}): Promise<FetchedContent> {
      parseDigest(digest);
      const signal = merged(options.signal);
      const { kind } = options;
      const asManifest = async (at: Repository): Promise<FetchedContent> => {
        const { bytes, mediaType } = await readManifest(connections, at, digest, signal);
        const descriptor = { mediaType, digest, size: bytes.length };
        return { descriptor, body: streamVerified(bytes, descriptor) };
      };
      const asBlob = (at: Repository): Promise<FetchedContent> => openBlobByDigest(connections, at, digest, signal);
      return await pullFrom(async (at) => {
        if (kind === 'blob') return await asBlob(at);
        try {
          return await asManifest(at);
        } catch (error) {
          if (kind === 'manifest' || !isOciError(error, 'ERR_OCI_NOT_FOUND')) throw error;
          return await asBlob(at);
        }
      }, signal);
    },

    async listReferrers(descriptor: Descriptor, options: ListReferrersOptions = {}): Promise<ReferrersList> {
      checkOptions(listReferrersOptions, options);
      return await list(descriptor, options);
    },

    async fetchReferrers(descriptor: Descriptor, ...artifactTypes: string[]): Promise<Descriptor[]> {
      const options = { artifactTypes };
      if (artifactTypes.length > 0) checkOptions(listReferrersOptions, options);
      const { referrers, legacy } = await list(descriptor, options);
      return [...referrers, ...legacy.map((entry) => entry.descriptor)];
    },
  };
  return fetcher;
}

/** Joins a signal that covers everything with that of one call. */
export function mergeSignals(scope: AbortSignal | undefined, signal: AbortSignal | undefined): AbortSignal | undefined {
  if (scope === undefined || signal === undefined) return scope ?? signal;
  return AbortSignal.any([scope, signal]);
}

/** Reads a manifest whole and verifies it against the digest it was asked for by. */
export async function readManifest(
  connections: Connections,
  at: Repository,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Buffer; mediaType: string }> {
  const what = at.describe(`manifest ${digest}`);
  const { maxManifestBytes } = connections.options.limits;
  const answer = await at.manifest(
    'GET',
    digest,
    { limitName: 'maxManifestBytes', limit: maxManifestBytes },
    { signal },
  );
  if (answer.status !== 200) throw at.refused(answer, 'pull', `manifest ${digest}`);
  const mediaType = manifestTypeOf(answer, what);
  const fault = digestMismatch(digest, digestOf(answer.bytes, parseDigest(digest).algorithm), at.host.host);
  if (fault !== null) throw fault;
  connections.capabilities.addSubject(at.key, digest);
  return { bytes: answer.bytes, mediaType };
}

async function requestBlob(at: Repository, digest: string, signal: AbortSignal | undefined): Promise<RegistryResponse> {
  const answer = await at.open('GET', at.url('blobs', digest), { signal });
  if (answer.status !== 200) throw await errorFromResponse(answer, 'pull', `blob ${digest} of ${at.name}`);
  return answer;
}

async function openBlob(
  { options }: Connections,
  at: Repository,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  const answer = await requestBlob(at, descriptor.digest, signal);
  const isSmall = descriptor.size <= Math.min(options.timeouts.minBlobBytesPerWindow, mostBytesInMemory);
  const read = isSmall ? await readSmallBlob(answer, descriptor, at.host.host) : undefined;
  return read ?? openDownload(answer, { at, descriptor, options, signal });
}

/**
 * Reads a blob whole that has to come within one window anyway.
 *
 * @remarks Most of what an artifact consists of is this small, and a stream with all that watches over it costs several times
 * what the bytes do.
 * @returns undefined where the body broke off: a download knows how to go on
 */
async function readSmallBlob(
  { body }: RegistryResponse,
  descriptor: Descriptor,
  from: string,
): Promise<Readable | undefined> {
  try {
    const { bytes, truncated } = await body.collect(descriptor.size);
    if (truncated) throw sizeMismatch(descriptor, from, `more than ${descriptor.size}`);
    assertContent(bytes, descriptor, from);
    return streamVerified(bytes, descriptor);
  } catch (error) {
    if (isBrokenOff(error)) return undefined;
    throw error;
  }
}

async function openBlobByDigest(
  { options }: Connections,
  at: Repository,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<FetchedContent> {
  const { maxBlobBytes, maxManifestBytes } = options.limits;
  const answer = await requestBlob(at, digest, signal);
  const mediaType = answer.headers.get('content-type') ?? 'application/octet-stream';
  const length = answer.headers.get('content-length');
  if (length !== undefined && /^[0-9]{1,15}$/.test(length) && answer.headers.get('content-encoding') === undefined) {
    const descriptor = { mediaType, digest, size: Number(length) };
    if (descriptor.size <= maxBlobBytes)
      return { descriptor, body: openDownload(answer, { at, descriptor, options, signal }) };
    answer.body.destroy();
    throw tooLarge({ limitName: 'maxBlobBytes', limit: maxBlobBytes }, at.describe(`blob ${digest}`));
  }
  // Nobody says how long it is: only what fits in memory can be given a descriptor.
  const bound = { limitName: 'maxManifestBytes', limit: maxManifestBytes };
  const bytes = await readBounded(answer.body.open(), bound, at.describe(`blob ${digest} of unknown length`), signal);
  const descriptor = { mediaType, digest, size: bytes.length };
  assertContent(bytes, descriptor, at.host.host);
  return { descriptor, body: streamVerified(bytes, descriptor) };
}
