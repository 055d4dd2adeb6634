import type { Descriptor } from '../../oci/descriptor.js';
import { json } from '../answers.js';
import { type AuthStyle, bearerChallenge } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import { readManifestFacts } from '../manifest-facts.js';
import { describePlainly } from '../referrers.js';
import type { StoredManifest, StoredRepository } from '../registry-store.js';
import { errorAnswer, noSubjectHeader, referrersAnswer, withHeaders } from './edits.js';
import { listInStyle } from './list-style.js';
import type { Profile } from './profile.js';

const jsonType = 'application/json; charset=utf-8';

/** Every version up to 2.7 does not know the route, and says so before it looks at credentials. */
const unrecognized: Behaviour = referrersAnswer(({ method, url }) =>
  errorAnswer(
    401,
    { code: 'UNAUTHORIZED', message: `un-recognized request: ${method} ${url}` },
    { 'content-type': jsonType, 'www-authenticate': '' },
  ),
);

/** Up to 2.10 a referrer has the size of the whole artifact, and its config's type for its own. */
function describeWrongly(digest: string, manifest: StoredManifest, { blobs }: StoredRepository): Descriptor {
  const facts = readManifestFacts(manifest.bytes, manifest.mediaType);
  const below = (facts?.blobs ?? []).reduce((sum, blob) => sum + (blobs.get(blob)?.length ?? 0), 0);
  return {
    ...describePlainly(digest, manifest),
    size: manifest.bytes.length + below,
    artifactType: facts?.configType,
  };
}

function list28({ store }: World): Behaviour {
  return {
    instead: (request) => {
      const { endpoint, repository = '', reference = '' } = request;
      if (endpoint !== 'referrers') return undefined;
      const isKnown = store.repositories.get(repository)?.manifests.has(reference) === true;
      if (!isKnown) return json(200, {}, { 'content-type': jsonType, 'x-total-count': '0' });
      const answer = listInStyle(request, store, {
        describe: describeWrongly,
        headers: ({ total }) => ({ 'x-total-count': String(total) }),
      });
      return withHeaders(answer, { 'content-type': jsonType });
    },
  };
}

/** The count is that of the whole list, whatever the filter leaves of it. */
function list211({ store }: World): Behaviour {
  const headers = ({ total }: { readonly total: number }): Record<string, string> => ({
    'x-total-count': String(total),
  });
  return {
    instead: (request) => (request.endpoint === 'referrers' ? listInStyle(request, store, { headers }) : undefined),
  };
}

/** Whoever brings a credential that is no good is challenged for Basic, everybody else for Bearer. */
const bearer: AuthStyle = {
  type: 'bearer',
  tokenPath: '/service/token',
  service: 'harbor-registry',
  token: ({ token, ttlSeconds }) => ({
    token,
    access_token: '',
    expires_in: ttlSeconds,
    issued_at: new Date().toISOString(),
  }),
  refuse: (refusal) => {
    const hasCredential = refusal.request.headers['authorization'] !== undefined;
    const challenge = hasCredential ? 'Basic realm="harbor"' : bearerChallenge(refusal);
    const error = { code: 'UNAUTHORIZED', message: 'unauthorized to access repository' };
    return errorAnswer(401, error, { 'content-type': jsonType, 'www-authenticate': challenge });
  },
};

function profile(
  name: Profile['name'],
  row: number,
  standsFor: string,
  behave: (world: World) => readonly Behaviour[],
): Profile {
  return {
    name,
    row,
    standsFor,
    evidence: 'source',
    notEstablished: ['message of the 401 with a challenge'],
    parts: { auth: () => [bearer], behave },
  };
}

export const harborProfiles: readonly Profile[] = [
  profile('harbor-2.7', 7, 'Harbor up to 2.7: no referrers API, but 401 with an empty challenge, whoever asks', () => [
    unrecognized,
    noSubjectHeader,
  ]),
  profile(
    'harbor-2.8',
    8,
    'Harbor 2.8: lists as application/json, with wrong sizes and types; {} for an unknown subject',
    (world) => [list28(world), noSubjectHeader],
  ),
  profile('harbor-2.11', 9, 'Harbor 2.11 to 2.15: right lists, with the count of the unfiltered list', (world) => [
    list211(world),
  ]),
];
