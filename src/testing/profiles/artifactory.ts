import { json } from '../answers.js';
import { type AuthStyle, bearerChallenge } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import { listTags, type PageEnd } from '../tags.js';
import type { RegistryAnswer } from '../types.js';
import { errorAnswer, everyHeader, noSubjectHeader, referrersAnswer } from './edits.js';
import type { Profile } from './profile.js';

/** Its errors have a number where others have a code. */
function numbered(status: number, message: string): RegistryAnswer {
  return json(status, { errors: [{ status, message }] }, { 'content-type': 'application/json;charset=ISO-8859-1' });
}

const notAcceptable = numbered(406, 'Not Acceptable');

/** The link of a virtual repository lacks the first part of its name, and its cursor is a number. */
function tags({ store, tagsPageSize }: World): Behaviour {
  const link = ({ repository, seen, n }: PageEnd): string =>
    `</v2/${repository.slice(repository.indexOf('/') + 1)}/tags/list?last=${seen}&n=${n}>; rel="next"`;
  const skip = (cursor: string): number | undefined => (/^\d{1,9}$/.test(cursor) ? Number(cursor) : undefined);
  return {
    instead: (request) => {
      if (request.endpoint !== 'tags') return undefined;
      const accept = request.headers['accept'] ?? '*/*';
      if (!/application\/json|\*\/\*/.test(accept)) return notAcceptable;
      return listTags(request, store, { pageSize: tagsPageSize, link, skip });
    },
  };
}

const methods: Behaviour = {
  change: (_request, answer) => (answer.status === 405 ? numbered(405, 'Method Not Allowed') : answer),
};

function product(version: string): Behaviour {
  return everyHeader({
    'x-jfrog-version': version,
    'x-artifactory-id': '0123456789abcdef:-1234abcd:18500000000:-8000',
    'x-artifactory-node-id': 'artifactory-0',
  });
}

/** A HEAD is not told the scope it needs. */
const bearer: AuthStyle = {
  type: 'bearer',
  tokenPath: '/artifactory/api/docker/docker-local/v2/token',
  post: numbered(405, 'Method Not Allowed'),
  token: ({ token, ttlSeconds }) => ({ token, expires_in: ttlSeconds }),
  refuse: (refusal) => {
    const scope = refusal.request.method === 'HEAD' ? '' : refusal.scope;
    const error = { code: 'UNAUTHORIZED', message: 'The client does not have permission', detail: null };
    return errorAnswer(401, error, { 'www-authenticate': bearerChallenge({ ...refusal, scope }) });
  },
};

const basic: AuthStyle = {
  type: 'basic',
  refuse: () =>
    errorAnswer(
      401,
      { code: 'UNAUTHORIZED', message: 'The client does not have permission', detail: null },
      { 'www-authenticate': 'Basic realm="Artifactory Realm"' },
    ),
};

const auth = (): readonly AuthStyle[] => [bearer, basic];
const notEstablished = ['which errors lack a code: here the 405 and 406', 'body of the 401', 'tags on one page'];

export const artifactoryProfiles: readonly Profile[] = [
  {
    name: 'artifactory-legacy',
    row: 14,
    standsFor: 'JFrog Artifactory before 7.90.1, and its docker repositories: 406 at the referrers endpoint',
    evidence: 'reported',
    notEstablished: [...notEstablished, 'body of the 406'],
    parts: {
      auth,
      behave: (world) => [
        referrersAnswer(() => notAcceptable),
        noSubjectHeader,
        tags(world),
        methods,
        product('Artifactory/7.46.11 74611900'),
      ],
    },
  },
  {
    name: 'artifactory-7.90',
    row: 14,
    standsFor: 'JFrog Artifactory 7.90.1 and later, OCI repositories: native',
    evidence: 'reported',
    notEstablished,
    parts: { auth, behave: () => [methods, product('Artifactory/7.117.21')] },
  },
];
