import type { Descriptor } from '../../oci/descriptor.js';
import { isManifestType } from '../../oci/media-types.js';
import { referrersTag } from '../../oci/referrers-tag.js';
import { type AuthStyle, bearerChallenge } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import { readManifestFacts } from '../manifest-facts.js';
import { describePlainly } from '../referrers.js';
import type { StoredManifest, StoredRepository } from '../registry-store.js';
import { listTags } from '../tags.js';
import type { InterceptedRequest, RegistryAnswer } from '../types.js';
import { blobStore } from './blob-store.js';
import { errorAnswer, everyAnswer, html, noSubjectHeader, withHeaders } from './edits.js';
import { listInStyle } from './list-style.js';
import type { Profile } from './profile.js';

const limited = html(
  429,
  '<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body bgcolor="white">\r\n' +
    '<center><h1>429 Too Many Requests</h1></center>\r\n<hr><center>nginx/1.12.1</center>\r\n</body>\r\n</html>\r\n',
  { 'docker-distribution-api-version': [] },
);

/** The type stands in the list only where the manifest itself has an artifactType. */
function describe(digest: string, manifest: StoredManifest): Descriptor {
  const own = readManifestFacts(manifest.bytes, manifest.mediaType)?.ownArtifactType;
  return { ...describePlainly(digest, manifest), artifactType: own };
}

/** What a client wrote under the referrers tag before there was an API is listed as well. */
function withTagEntries(
  repository: StoredRepository | undefined,
  subject: string,
  listed: readonly Descriptor[],
): readonly Descriptor[] {
  const index = repository?.manifests.get(repository.tags.get(referrersTag(subject)) ?? '');
  const facts = index === undefined ? undefined : readManifestFacts(index.bytes, index.mediaType);
  const missing = (facts?.children ?? []).flatMap(({ digest }) => {
    const manifest = repository?.manifests.get(digest);
    return manifest === undefined || listed.some((one) => one.digest === digest) ? [] : [describe(digest, manifest)];
  });
  return [...listed, ...missing];
}

function list(world: World, unknownSubject: RegistryAnswer): Behaviour {
  return {
    instead: (request) => {
      const { endpoint, repository = '', reference = '' } = request;
      if (endpoint !== 'referrers') return undefined;
      const known = world.store.repositories.get(repository);
      if (known === undefined) return unauthorized(world, repository);
      if (!known.manifests.has(reference)) return unknownSubject;
      return listInStyle(request, world.store, {
        describe,
        indent: 3,
        arrange: (listed) => withTagEntries(known, reference, listed),
        fields: (listed) => ({
          annotations: Object.assign({}, ...listed.map(({ annotations }) => annotations)) as object,
        }),
      });
    },
  };
}

function challenge({ origin, host }: World): string {
  return `Bearer realm="${origin}/v2/auth",service="${host}"`;
}

/** Whoever may not see a repository is not told whether it exists. */
function unauthorized(world: World, repository: string): RegistryAnswer {
  const error = {
    code: 'UNAUTHORIZED',
    message: 'access to the requested resource is not authorized',
    detail: {},
  };
  return errorAnswer(401, error, { 'www-authenticate': `${challenge(world)},scope="repository:${repository}:pull"` });
}

function otherEndpoints(world: World): Behaviour {
  return {
    instead: (request) =>
      request.endpoint === 'tags'
        ? listTags(request, world.store, { pageSize: world.tagsPageSize ?? 100 })
        : hiddenRepository(world, request),
    refusePush: ({ mediaType }) =>
      isManifestType(mediaType)
        ? undefined
        : errorAnswer(415, { code: 'MANIFEST_INVALID', message: 'manifest schema version not supported', detail: {} }),
    change: ({ endpoint, method }, answer) => {
      if (endpoint === 'manifest' && method === 'PUT' && answer.status === 201) {
        return { ...answer, body: Buffer.from('OK') };
      }
      if (endpoint !== 'base' || (answer.status !== 200 && answer.status !== 401)) return answer;
      const headers = { 'www-authenticate': challenge(world), 'x-sparse-manifest-support': '1' };
      const named = withHeaders(answer, headers);
      return answer.status === 200 ? { ...named, body: Buffer.from('true') } : named;
    },
  };
}

function hiddenRepository(
  world: World,
  { method, endpoint, repository }: InterceptedRequest,
): RegistryAnswer | undefined {
  const isRead = method === 'GET' || method === 'HEAD';
  if (!isRead || endpoint === 'upload' || repository === undefined) return undefined;
  return world.store.repositories.has(repository) ? undefined : unauthorized(world, repository);
}

const bearer: AuthStyle = {
  type: 'bearer',
  tokenPath: '/v2/auth',
  token: ({ token }) => ({ token }),
  refuse: (refusal) =>
    errorAnswer(
      401,
      { code: 'UNAUTHORIZED', message: 'access to the requested resource is not authorized', detail: {} },
      { 'www-authenticate': bearerChallenge(refusal) },
    ),
};

function profile(name: Profile['name'], standsFor: string, behave: (world: World) => readonly Behaviour[]): Profile {
  return {
    name,
    row: 6,
    standsFor,
    evidence: 'source',
    notEstablished: ['detail of the errors', 'value of X-Sparse-Manifest-Support', 'message of the 415'],
    parts: {
      hasElsewhere: true,
      auth: () => [bearer],
      behave: (world) => [...behave(world), noSubjectHeader, otherEndpoints(world), blobStore(world, { status: 302 })],
    },
  };
}

const unknown = (status: number, code: string, message: string): RegistryAnswer =>
  errorAnswer(status, { code, message, detail: {} });

export const quayProfiles: readonly Profile[] = [
  profile('quay', 'Quay 3.12.1 to 3.18 and quay.io: a native API that answers 400 for an unknown subject', (world) => [
    list(world, unknown(400, 'MANIFEST_INVALID', 'manifest invalid')),
  ]),
  profile('quay/3.12.0', 'Quay 3.12.0: a native API that answers 404 for an unknown subject', (world) => [
    list(world, unknown(404, 'MANIFEST_UNKNOWN', 'manifest unknown')),
  ]),
  profile('quay/rate-limited', 'quay.io over its limit: a page of nginx without Retry-After', () => [
    everyAnswer(limited),
  ]),
];
