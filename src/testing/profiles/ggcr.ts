import type { Descriptor } from '../../oci/descriptor.js';
import { digestOf, isDigest } from '../../oci/digest.js';
import { mediaTypeOf } from '../../oci/media-types.js';
import { text } from '../answers.js';
import type { Behaviour, World } from '../behaviour.js';
import { maxManifestBytes, readBody } from '../body.js';
import { readManifestFacts } from '../manifest-facts.js';
import type { StoredManifest } from '../registry-store.js';
import { listTags } from '../tags.js';
import type { InterceptedRequest, RegistryAnswer } from '../types.js';
import { jsonAs, noVersionHeader, withHeaders } from './edits.js';
import { listInStyle } from './list-style.js';
import type { Profile } from './profile.js';

const plainText = 'text/plain; charset=utf-8';

function error(status: number, code: string, message: string): RegistryAnswer {
  return text(status, `${JSON.stringify({ errors: [{ code, message }] })}\n`, { 'content-type': plainText });
}

const notUnderstood = "We don't understand your method + url";

/** It stores a manifest under whatever digest it is put to, and says the real one. */
async function takeManifest(request: InterceptedRequest, { store }: World): Promise<RegistryAnswer> {
  const { repository = '', reference = '', headers, message } = request;
  const bytes = (await readBody(message, maxManifestBytes)) ?? Buffer.alloc(0);
  const mediaType = mediaTypeOf(headers['content-type']);
  const { manifests, tags } = store.repository(repository);
  const lost = readManifestFacts(bytes, mediaType)?.children.find((child) => !manifests.has(child.digest));
  if (lost !== undefined) return error(404, 'MANIFEST_UNKNOWN', `Sub-manifest "${lost.digest}" not found`);
  const digest = digestOf(bytes);
  store.putManifest(repository, isDigest(reference) ? reference : digest, bytes, mediaType);
  if (!isDigest(reference)) tags.set(reference, digest);
  return { status: 201, headers: { 'docker-content-digest': digest } };
}

function registry(world: World): Behaviour {
  return {
    instead: async (request) => {
      const { method, endpoint } = request;
      if (endpoint === 'manifest' && method === 'PUT') return await takeManifest(request, world);
      if (endpoint === 'manifest' && method === 'OPTIONS') return error(400, 'METHOD_UNKNOWN', notUnderstood);
      // A mount is an upload like any other: it does not look at what is asked for.
      if (endpoint === 'upload' && method === 'POST') request.query.delete('mount');
      if (endpoint === 'upload' && (method === 'GET' || method === 'DELETE')) {
        return error(400, 'METHOD_UNKNOWN', notUnderstood);
      }
      // What does not fit on the page is left out without a word.
      if (endpoint === 'tags')
        return listTags(request, world.store, { pageSize: world.tagsPageSize, link: () => undefined });
      return undefined;
    },
    change: ({ endpoint, method }, answer) => {
      const named = withHeaders(answer, noVersionHeader);
      // The one answer that names the protocol.
      if (endpoint === 'base' && answer.status === 200) return { status: 200, headers: {} };
      const isBlob = endpoint === 'blob' && answer.status === 200 && method === 'GET';
      return isBlob ? withHeaders(named, { 'content-type': plainText }) : named;
    },
  };
}

const noReferrers: Behaviour = {
  unrouted: ({ endpoint }) =>
    endpoint === 'referrers' || endpoint === 'other' ? error(404, 'METHOD_UNKNOWN', notUnderstood) : undefined,
};

/** It takes the config's type for the artifact's, and drops the annotations. */
function describe(digest: string, { mediaType, bytes }: StoredManifest): Descriptor {
  return { mediaType, digest, size: bytes.length, artifactType: readManifestFacts(bytes, mediaType)?.configType };
}

/** The order comes from a Go map; turning it round each time is the least that shows it. */
function unorderedList({ store }: World): Behaviour {
  let isTurned = false;
  return {
    instead: (request) => {
      const { method, endpoint, repository = '', reference = '' } = request;
      if (endpoint !== 'referrers') return undefined;
      if (method !== 'GET') return error(400, 'METHOD_UNKNOWN', notUnderstood);
      if (!isDigest(reference)) return error(400, 'UNSUPPORTED', 'Target must be a digest');
      if (!store.repositories.has(repository)) return error(404, 'NAME_UNKNOWN', 'Unknown name');
      isTurned = !isTurned;
      return listInStyle(request, store, {
        describe,
        filters: false,
        arrange: (listed) => (isTurned ? [...listed].reverse() : listed),
      });
    },
  };
}

export const ggcrProfiles: readonly Profile[] = [
  {
    name: 'crane-serve',
    row: 17,
    standsFor:
      'crane registry serve: no referrers API, every JSON as text/plain, wrong digests taken, tags cut short in silence',
    evidence: 'observed',
    notEstablished: ['codes of the 400s', 'blobs out of order are as in a plain registry here'],
    parts: { behave: (world) => [noReferrers, registry(world), jsonAs(plainText)] },
  },
  {
    name: 'ggcr-lib',
    row: 18,
    standsFor:
      "go-containerregistry's registry with referrers: native without OCI-Subject, unfiltered, unordered, wrong types",
    evidence: 'observed',
    notEstablished: ['messages of the errors', 'blobs out of order are as in a plain registry here'],
    parts: { behave: (world) => [unorderedList(world), registry(world), jsonAs(plainText)] },
  },
];
