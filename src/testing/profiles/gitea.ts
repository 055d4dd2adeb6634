import { isIndexType } from '../../oci/media-types.js';
import { text } from '../answers.js';
import { type AuthStyle, bearerChallenge } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import { errorAnswer, noSubjectHeader } from './edits.js';
import type { Profile } from './profile.js';

/** There is no route, but whoever is not logged in is asked to first. */
const noReferrers: Behaviour = {
  instead: ({ endpoint }) =>
    endpoint === 'referrers' ? text(404, 'Not found.\n', { 'content-type': 'text/plain; charset=utf-8' }) : undefined,
};

/** An index may list image manifests that are there, and nothing else. */
function onlyImages({ store }: World): Behaviour {
  return {
    refusePush: ({ repository, facts }) => {
      const known = store.repositories.get(repository)?.manifests;
      for (const { digest, mediaType = '' } of facts.children) {
        const child = known?.get(digest);
        if (child === undefined)
          return errorAnswer(400, { code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown to registry' });
        if (isIndexType(mediaType) || isIndexType(child.mediaType)) {
          return errorAnswer(400, { code: 'MANIFEST_INVALID', message: 'manifest invalid' });
        }
      }
      return undefined;
    },
  };
}

/** What stands beside the Bearer challenge, and whether it has a header of its own. */
function bearer(challenges: (bearer: string) => string | readonly string[]): AuthStyle {
  return {
    type: 'bearer',
    tokenPath: '/v2/token',
    service: 'container_registry',
    opaqueScope: '*',
    token: ({ token }) => ({ token }),
    post: text(404, 'Not found.\n', { 'content-type': 'text/plain; charset=utf-8' }),
    refuse: (refusal) =>
      errorAnswer(
        401,
        { code: 'UNAUTHORIZED', message: '' },
        { 'www-authenticate': challenges(bearerChallenge({ ...refusal, scope: '*' })) },
      ),
  };
}

function profile(
  name: Profile['name'],
  standsFor: string,
  challenges: (bearer: string) => string | readonly string[],
  more: readonly string[] = [],
): Profile {
  return {
    name,
    row: 19,
    standsFor,
    evidence: 'source',
    notEstablished: [
      'body of the 404 of the referrers endpoint and of a POST for a token',
      'messages of the errors',
      ...more,
    ],
    parts: {
      auth: () => [bearer(challenges)],
      behave: (world) => [noReferrers, noSubjectHeader, onlyImages(world)],
    },
  };
}

const basic = 'Basic realm="Gitea Container Registry"';

export const giteaProfiles: readonly Profile[] = [
  profile(
    'gitea',
    'Gitea 1.27: no referrers API, two challenges in two headers, scope *, no index inside an index',
    (one) => [one, basic],
  ),
  profile('gitea/old', 'older Gitea: the second challenge is the bare word Basic', (one) => [one, 'Basic']),
  profile('gitea/one-header', 'Codeberg as it was seen: both challenges in one header', (one) => `${one},${basic}`, [
    'its exact header',
  ]),
  profile('forgejo', 'Forgejo: as Gitea, never more than one challenge in a header', (one) => [one, 'Basic'], [
    'its second challenge',
  ]),
];
