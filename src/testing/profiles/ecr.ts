import { noSuchRoute, text } from '../answers.js';
import { type AuthStyle, bearerChallenge } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import { listTags, type PageEnd } from '../tags.js';
import type { RegistryAnswer } from '../types.js';
import { blobStore } from './blob-store.js';
import { errorAnswer, referrersAnswer } from './edits.js';
import type { Profile } from './profile.js';

function badParameter(parameter: string, constraint: string): RegistryAnswer {
  const message = `Invalid parameter at '${parameter}' failed to satisfy constraint: '${constraint}'`;
  return errorAnswer(405, { code: 'UNSUPPORTED', message });
}

const tooMany = badParameter('maxResults', 'Member must have value less than or equal to 1000');
const badToken = badParameter('NextToken', 'Invalid next token provided');

/** The cursor is opaque: one that was put together by hand is refused. */
function tags({ store, tagsPageSize }: World): Behaviour {
  const link = ({ path, last, n }: PageEnd): string =>
    `<${path}?last=${encodeURIComponent(`token-${Buffer.from(last).toString('base64url')}`)}&n=${n}>; rel="next"`;
  const skip = (cursor: string, all: readonly string[]): number | undefined => {
    const tag = cursor.startsWith('token-') ? Buffer.from(cursor.slice(6), 'base64url').toString() : '';
    return all.includes(tag) ? all.indexOf(tag) + 1 : undefined;
  };
  return {
    instead: (request) => {
      if (request.endpoint !== 'tags' && request.endpoint !== 'referrers') return undefined;
      if (Number(request.query.get('n') ?? 0) > 1000) return tooMany;
      return request.endpoint === 'tags'
        ? listTags(request, store, { pageSize: tagsPageSize ?? 1000, link, skip, badCursor: badToken })
        : undefined;
    },
  };
}

const noCatalog: Behaviour = {
  unrouted: ({ path }) =>
    path === '/v2/_catalog' ? errorAnswer(405, { code: 'UNSUPPORTED', message: 'not supported' }) : undefined,
};

/** A chunk is answered as if the blob were complete, and what comes after it is refused. */
function noChunks(): Behaviour {
  const broken = new Set<string>();
  return {
    instead: ({ method, endpoint, reference = '' }) =>
      method === 'PUT' && endpoint === 'upload' && broken.has(reference)
        ? errorAnswer(400, { code: 'BLOB_UPLOAD_INVALID', message: 'the upload is over' })
        : undefined,
    change: ({ method, endpoint, reference = '' }, answer) => {
      if (method !== 'PATCH' || endpoint !== 'upload' || answer.status !== 202) return answer;
      broken.add(reference);
      return { ...answer, status: 201 };
    },
  };
}

const keptAuthorization = text(
  400,
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed; ' +
    'only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be ' +
    'specified</Message></Error>',
  { 'content-type': 'application/xml', 'docker-distribution-api-version': [] },
);

function basic({ origin }: World): AuthStyle {
  return {
    type: 'basic',
    refuse: () =>
      text(401, 'Not Authorized', {
        'content-type': 'text/plain; charset=utf-8',
        'www-authenticate': `Basic realm="${origin}/",service="ecr.amazonaws.com"`,
        sizes: '',
      }),
  };
}

const publicBearer: AuthStyle = {
  type: 'bearer',
  tokenPath: '/token/',
  opaqueScope: 'aws',
  token: ({ token }) => ({ token }),
  refuse: (refusal) =>
    errorAnswer(
      401,
      { code: 'UNAUTHORIZED', message: 'Not Authorized' },
      { 'www-authenticate': bearerChallenge({ ...refusal, scope: 'aws' }) },
    ),
};

const notEstablished = [
  'page size of lists of referrers',
  'status that refuses a PUT after a PATCH',
  'cause of the 405 some see when a referrer is copied',
];

function profile(
  name: Profile['name'],
  standsFor: string,
  more: Pick<Profile, 'notEstablished'>,
  behaviours: readonly Behaviour[] = [],
): Profile {
  return {
    name,
    row: 12,
    standsFor,
    evidence: 'reported',
    ...more,
    parts: {
      hasElsewhere: true,
      auth: (world) => [name === 'ecr-public' ? publicBearer : basic(world)],
      behave: (world) => [
        ...behaviours,
        tags(world),
        noCatalog,
        noChunks(),
        blobStore(world, { status: 307, refusesAuthorization: keptAuthorization }),
      ],
    },
  };
}

export const ecrProfiles: readonly Profile[] = [
  profile('ecr', 'Amazon ECR since 27 June 2024: native; Basic, 405 for bad parameters, opaque cursors, blobs in S3', {
    notEstablished,
  }),
  profile('ecr-public', 'Amazon ECR Public: the same behind tokens whose scope is the word aws', {
    notEstablished: [...notEstablished, 'body of the 401'],
  }),
  profile(
    'ecr-pre-2024-06',
    'Amazon ECR before 27 June 2024: OCI-Subject on push, but no referrers API',
    { notEstablished: [...notEstablished, 'status and body of the referrers endpoint'] },
    [referrersAnswer(noSuchRoute)],
  ),
];
