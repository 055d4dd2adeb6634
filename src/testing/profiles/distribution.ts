import { isIndexType } from '../../oci/media-types.js';
import { text } from '../answers.js';
import { parseScope } from '../auth-scopes.js';
import { type AuthStyle, bearerChallengeWithError, type Refusal } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import { listTags, type PageEnd } from '../tags.js';
import type { InterceptedRequest, RegistryAnswer } from '../types.js';
import { errorAnswer, isRead, jsonAs, withHeaders } from './edits.js';
import type { Profile } from './profile.js';

type Version = '2.8' | '3';

/** 2.8 lists everything as it came; 3 pages, and says "next" where a full page was the last one. */
function tags(world: World, version: Version): Behaviour {
  const link = ({ path, last, n }: PageEnd): string => `<${path}?last=${encodeURIComponent(last)}&n=${n}>; rel="next"`;
  const style =
    version === '2.8'
      ? { isSorted: false, ignoresQuery: true }
      : { link, linksPastEnd: true, pageSize: world.tagsPageSize };
  return { instead: (request) => (request.endpoint === 'tags' ? listTags(request, world.store, style) : undefined) };
}

/** A manifest that the client does not say it accepts is not there. */
function manifests(world: World, version: Version): Behaviour {
  return {
    instead: (request) => {
      const { endpoint, repository = '', reference = '', headers } = request;
      if (endpoint !== 'manifest' || !isRead(request)) return undefined;
      const stored = world.store.repositories.get(repository);
      const digest = reference.includes(':') ? reference : (stored?.tags.get(reference) ?? '');
      const manifest = stored?.manifests.get(digest);
      if (manifest === undefined) return missing(reference, version);
      const isIndex = isIndexType(manifest.mediaType);
      const isRefused = manifest.mediaType.includes('.oci.') && !(headers['accept'] ?? '').includes(manifest.mediaType);
      if (isRefused && !(isIndex && version === '3')) {
        const [one, many] = isIndex ? ['index', 'indexes'] : ['manifest', 'manifests'];
        const message = `OCI ${one} found, but accept header does not support OCI ${many}`;
        return errorAnswer(404, { code: 'MANIFEST_UNKNOWN', message });
      }
      return headers['if-none-match'] === `"${digest}"` ? { status: 304, headers: { etag: `"${digest}"` } } : undefined;
    },
    change: ({ endpoint, method }, answer) => {
      const digest = answer.headers['docker-content-digest'];
      const isManifest = endpoint === 'manifest' && answer.status === 200 && method !== 'PUT';
      return isManifest && typeof digest === 'string' ? withHeaders(answer, { etag: `"${digest}"` }) : answer;
    },
    refusePush: ({ repository, mediaType, facts }) => {
      const known = world.store.repositories.get(repository)?.manifests;
      if (mediaType === 'application/vnd.oci.artifact.manifest.v1+json') {
        return errorAnswer(400, { code: 'MANIFEST_INVALID', message: 'manifest invalid', detail: {} });
      }
      const lost = facts.children.find(({ digest }) => known?.has(digest) !== true);
      if (lost === undefined) return undefined;
      return errorAnswer(400, {
        code: 'MANIFEST_BLOB_UNKNOWN',
        message: 'blob unknown to registry',
        detail: lost.digest,
      });
    },
  };
}

function missing(reference: string, version: Version): RegistryAnswer | undefined {
  if (reference.includes(':'))
    return errorAnswer(404, { code: 'MANIFEST_UNKNOWN', message: 'manifest unknown', detail: {} });
  const detail = version === '2.8' ? { Tag: reference } : `unknown tag=${reference}`;
  return errorAnswer(404, { code: 'MANIFEST_UNKNOWN', message: 'manifest unknown', detail });
}

/** Upload sessions have an absolute address that carries a state of its own. */
function uploads({ origin }: World): Behaviour {
  return {
    change: ({ endpoint }, answer) => {
      const location = answer.headers['location'];
      const isSession = endpoint === 'upload' && answer.status === 202 && typeof location === 'string';
      return isSession ? withHeaders(answer, { location: `${origin}${location}?_state=an-opaque-state` }) : answer;
    },
  };
}

/** `Allow` names DELETE whether or not it is enabled. */
function deletes(version: Version, isEnabled: boolean): Behaviour {
  return {
    instead: ({ method, endpoint, reference = '' }) => {
      if (endpoint !== 'manifest' && endpoint !== 'blob') return undefined;
      if (method === 'OPTIONS') return { status: 200, headers: { allow: 'DELETE, GET, HEAD, OPTIONS, PUT' } };
      if (method !== 'DELETE') return undefined;
      if (!isEnabled) return errorAnswer(405, { code: 'UNSUPPORTED', message: 'The operation is unsupported.' });
      if (version === '3' || reference.includes(':')) return undefined;
      return errorAnswer(400, { code: 'DIGEST_INVALID', message: 'provided digest did not match uploaded content' });
    },
  };
}

const readOnly: Behaviour = {
  instead: (request) =>
    isRead(request)
      ? undefined
      : text(405, 'Method not allowed\n', { 'content-type': 'text/plain; charset=utf-8', allow: 'GET, HEAD' }),
};

function unauthorized(refusal: Refusal, challenge: string): RegistryAnswer {
  const scopes = refusal.scope.split(' ').flatMap(parseScope);
  const detail = scopes.flatMap(({ repository, actions }) =>
    actions.map((Action) => ({ Type: 'repository', Class: '', Name: repository, Action })),
  );
  const error = { code: 'UNAUTHORIZED', message: 'authentication required', detail: detail.length > 0 ? detail : null };
  return errorAnswer(401, error, { 'www-authenticate': challenge });
}

const auth: readonly AuthStyle[] = [
  { type: 'basic', refuse: (refusal) => unauthorized(refusal, 'Basic realm="basic-realm"') },
  { type: 'bearer', refuse: (refusal) => unauthorized(refusal, bearerChallengeWithError(refusal)) },
];

/** `/v2` without its slash is a redirect. */
const slash: Behaviour = {
  unrouted: ({ path }: InterceptedRequest) =>
    path === '/v2'
      ? text(301, '<a href="/v2/">Moved Permanently</a>.\n\n', {
          'content-type': 'text/html; charset=utf-8',
          location: '/v2/',
        })
      : undefined,
};

function profile(
  name: Profile['name'],
  version: Version,
  standsFor: string,
  behaviours: readonly Behaviour[],
): Profile {
  const type = jsonAs(version === '2.8' ? 'application/json; charset=utf-8' : 'application/json');
  return {
    name,
    row: 3,
    standsFor,
    evidence: 'observed',
    notEstablished: ['message of the 405 where deletes are disabled', 'order of the methods in Allow'],
    parts: {
      referrersApi: false,
      auth: () => auth,
      behave: (world) => [slash, ...behaviours, tags(world, version), manifests(world, version), uploads(world), type],
    },
  };
}

export const distributionProfiles: readonly Profile[] = [
  profile(
    'distribution-2.8',
    '2.8',
    'CNCF distribution 2.8.2 and 2.8.3, as registry:2 comes: no referrers API, deletes disabled',
    [deletes('2.8', false)],
  ),
  profile('distribution-2.8/delete-enabled', '2.8', 'the same with deletes enabled, of digests alone', [
    deletes('2.8', true),
  ]),
  profile('distribution-2.8/read-only', '2.8', 'the same in maintenance, read-only', [readOnly]),
  profile('distribution-3', '3', 'CNCF distribution 3.0 to 3.1.1: no referrers API, tags on pages, deletes disabled', [
    deletes('3', false),
  ]),
  profile('distribution-3/delete-enabled', '3', 'the same with deletes enabled, of tags too', [deletes('3', true)]),
];
