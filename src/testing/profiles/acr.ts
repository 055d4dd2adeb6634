import { noSuchRoute, text } from '../answers.js';
import { parseScope } from '../auth-scopes.js';
import { type AuthStyle, bearerChallenge } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import { listTags, type PageEnd } from '../tags.js';
import { blobStore } from './blob-store.js';
import { errorAnswer, noSubjectHeader, referrersAnswer } from './edits.js';
import type { Profile } from './profile.js';

/** A login is answered with an access token alone; a stored identity is a refresh token. */
const bearer: AuthStyle = {
  type: 'bearer',
  tokenPath: '/oauth2/token',
  post: 'refresh',
  token: ({ token }) => ({ access_token: token }),
  refuse: (refusal) => {
    const detail = refusal.scope
      .split(' ')
      .flatMap(parseScope)
      .flatMap(({ repository, actions }) =>
        actions.map((Action) => ({ Type: 'repository', Name: repository, Action })),
      );
    const error = { code: 'UNAUTHORIZED', message: 'authentication required', detail };
    return errorAnswer(401, error, { 'www-authenticate': bearerChallenge(refusal) });
  },
};

function tags(world: World): Behaviour {
  const link = ({ path, last, n }: PageEnd): string =>
    `<${path}?last=${encodeURIComponent(last)}&n=${n}&orderby=>; rel="next"`;
  return {
    instead: (request) =>
      request.endpoint === 'tags'
        ? listTags(request, world.store, { pageSize: world.tagsPageSize ?? 100, link })
        : undefined,
  };
}

const keptAuthorization = text(
  400,
  '<?xml version="1.0" encoding="utf-8"?><Error><Code>InvalidAuthenticationInfo</Code><Message>Authentication information ' +
    'is not given in the correct format. Check the value of Authorization header.</Message></Error>',
  { 'content-type': 'application/xml', 'docker-distribution-api-version': [] },
);

const failedDependency: Behaviour = referrersAnswer(() =>
  errorAnswer(424, {
    code: 'UNKNOWN',
    message:
      "request to fetch referrers from source 'x/y' for cache rule 'ghcr-io' returned status code 303. " +
      'CorrelationId:00000000-0000-0000-0000-000000000000. For more information, please visit https://aka.ms/acr/cache',
  }),
);

const notEstablished = ['tags on one page', 'the exchange of an Entra token for a refresh token, which is left out'];

function profile(
  name: Profile['name'],
  standsFor: string,
  more: Pick<Profile, 'notEstablished'>,
  behaviours: readonly Behaviour[],
): Profile {
  return {
    name,
    row: 13,
    standsFor,
    evidence: 'reported',
    ...more,
    parts: {
      hasElsewhere: true,
      auth: () => [bearer],
      behave: (world) => [
        ...behaviours,
        tags(world),
        blobStore(world, { status: 307, refusesAuthorization: keptAuthorization }),
      ],
    },
  };
}

export const acrProfiles: readonly Profile[] = [
  profile(
    'acr',
    'Azure Container Registry: native; access tokens alone, refresh tokens, blobs in Azure storage',
    { notEstablished },
    [],
  ),
  profile(
    'acr-cmk',
    'Azure Container Registry with a key of the customer: no referrers API',
    { notEstablished: [...notEstablished, 'status and body of the referrers endpoint'] },
    [referrersAnswer(noSuchRoute), noSubjectHeader],
  ),
  profile(
    'acr-cache-ghcr',
    'Azure Container Registry with a cache rule for GHCR, June 2026: 424 where GHCR redirects',
    { notEstablished: [...notEstablished, 'names and number in the message'] },
    [failedDependency],
  ),
];
