import { isDigest } from '../../oci/digest.js';
import { json, text } from '../answers.js';
import { type AuthStyle, bearerChallenge, type Refusal } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import { describePlainly } from '../referrers.js';
import { listTags } from '../tags.js';
import type { RegistryAnswer } from '../types.js';
import { errorAnswer, everyAnswer, withHeaders } from './edits.js';
import { listInStyle } from './list-style.js';
import type { Profile } from './profile.js';

/** Up to 2.1.18 an unknown repository is a 404 without a body, and a referrer with a tag may be listed twice. */
function list({ store }: World, isOld: boolean): Behaviour {
  return {
    instead: (request) => {
      const { endpoint, repository = '', reference = '' } = request;
      if (endpoint !== 'referrers') return undefined;
      const known = store.repositories.get(repository);
      if (!isDigest(reference)) return text(400, '');
      if (known === undefined && isOld) return text(404, '');
      const tagged = new Set(known?.tags.values());
      return listInStyle(request, store, {
        describe: (digest, manifest) =>
          manifest.mediaType.startsWith('application/vnd.docker.') ? undefined : describePlainly(digest, manifest),
        arrange: (listed) => (isOld ? listed.flatMap((one) => (tagged.has(one.digest) ? [one, one] : [one])) : listed),
        fields: () => ({ annotations: {} }),
      });
    },
  };
}

function otherEndpoints({ store, tagsPageSize }: World): Behaviour {
  const skip = (cursor: string, tags: readonly string[]): number | undefined =>
    tags.includes(cursor) ? tags.indexOf(cursor) + 1 : undefined;
  return {
    unrouted: ({ method }) =>
      method === 'OPTIONS'
        ? { status: 200, headers: { 'access-control-allow-methods': 'HEAD,GET,DELETE,OPTIONS' } }
        : undefined,
    instead: (request) => {
      if (request.endpoint !== 'tags') return undefined;
      const badCursor = errorAnswer(404, { code: 'NAME_UNKNOWN', message: 'last is not a tag of the repository' });
      return listTags(request, store, { pageSize: tagsPageSize, skip, badCursor, badNumber: text(400, '') });
    },
    refusePush: ({ mediaType }) =>
      mediaType.startsWith('application/vnd.docker.')
        ? errorAnswer(415, { code: 'MANIFEST_INVALID', message: 'manifest invalid', detail: {} })
        : undefined,
    // It challenges even whom it lets in, for the sake of old clients.
    change: ({ endpoint }, answer) =>
      endpoint === 'base' && answer.status === 200
        ? withHeaders(answer, { 'www-authenticate': 'basic realm=zot' })
        : answer,
  };
}

/** Who is not known gets a bare object, who may not gets a list of errors. */
function refuse({ reason }: Refusal, challenge: string): RegistryAnswer {
  if (reason === 'insufficient') {
    return errorAnswer(403, { code: 'DENIED', message: 'requested access to the resource is denied', detail: {} });
  }
  const error = { code: 'UNAUTHORIZED', message: 'authentication required', detail: {} };
  return json(401, error, { 'www-authenticate': challenge });
}

const auth: readonly AuthStyle[] = [
  { type: 'basic', refuse: (refusal) => refuse(refusal, 'basic realm=zot') },
  {
    type: 'bearer',
    refuse: (refusal) => {
      const challenge = bearerChallenge(refusal, ...(refusal.scope === '' ? ['scope=""'] : []));
      return refuse(refusal, challenge.replace('Bearer', 'bearer'));
    },
  },
];

function profile(
  name: Profile['name'],
  standsFor: string,
  isOld: boolean,
  behaviours: readonly Behaviour[] = [],
): Profile {
  const behave = (world: World): readonly Behaviour[] => [...behaviours, list(world, isOld), otherEndpoints(world)];
  return {
    name,
    row: 16,
    standsFor,
    evidence: 'source',
    notEstablished: [
      'messages of the errors',
      ...(isOld ? ['duplicates in this very version: the fix is in the source of 2.1.11 already'] : []),
    ],
    parts: { auth: () => auth, behave },
  };
}

export const zotProfiles: readonly Profile[] = [
  profile(
    'zot-2.1.18',
    'zot up to 2.1.18: native; an unknown repository is a 404 without a body, lists with duplicates',
    true,
  ),
  profile('zot-2.1.18/rate-limited', 'the same over its rate limit: a bare text', true, [
    everyAnswer(text(429, 'Too Many Requests', { 'content-type': 'text/plain; charset=utf-8' })),
  ]),
  profile('zot-2.1.20', 'zot 2.1.19 and later: native, an empty list for an unknown repository', false),
];
