import { noSuchRoute } from '../answers.js';
import type { Behaviour, World } from '../behaviour.js';
import { serveBlob } from '../blobs.js';
import type { RegistryAnswer } from '../types.js';
import { noVersionHeader, withHeaders } from './edits.js';

/** Where and how blobs are kept outside of a registry. */
export interface BlobStoreOptions {
  readonly status: 302 | 307;
  /** What a request gets that brings the registry's credential along; undefined where the store does not mind. */
  readonly refusesAuthorization?: RegistryAnswer | undefined;
}

const signature = 'signature=for-this-request-alone';

/** Sends everybody who pulls a blob to a store at the other address, with a signed URL. */
export function blobStore(world: World, { status, refusesAuthorization }: BlobStoreOptions): Behaviour {
  return {
    instead: ({ method, endpoint, repository = '', reference = '' }) => {
      if (method !== 'GET' || endpoint !== 'blob') return undefined;
      if (world.store.repositories.get(repository)?.blobs.has(reference) !== true) return undefined;
      return { status, headers: { location: `${world.elsewhere}/store/${repository}/${reference}?${signature}` } };
    },
    elsewhere: (request) => {
      const [, repository = '', digest = ''] = /^\/store\/(.+)\/([^/]+)$/.exec(request.path) ?? [];
      const bytes = world.store.repositories.get(repository)?.blobs.get(digest);
      if (bytes === undefined || !request.url.endsWith(`?${signature}`)) return noSuchRoute();
      if (request.headers['authorization'] !== undefined && refusesAuthorization !== undefined)
        return refusesAuthorization;
      return withHeaders(serveBlob(bytes, digest, request), { ...noVersionHeader, 'docker-content-digest': [] });
    },
  };
}
