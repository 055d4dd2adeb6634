import { noSuchRoute, text } from '../answers.js';
import type { Behaviour, World } from '../behaviour.js';
import { listTags, type PageEnd } from '../tags.js';
import { errorAnswer, referrersAnswer } from './edits.js';
import type { Profile } from './profile.js';

const maxTags = 10_000;

/** The link of a port connector is absolute and has the path of the web application, where it leads to a 400. */
function tags({ store, origin, tagsPageSize }: World, hasLink: boolean): Behaviour {
  const link = ({ repository, last, n }: PageEnd): string | undefined =>
    hasLink
      ? `<${origin}/repository/docker-proxy-docker-hub/v2/${repository}/tags/list?n=${n}&last=${encodeURIComponent(last)}>; rel="next"`
      : undefined;
  return {
    unrouted: ({ path }) => (path.startsWith('/repository/') ? text(400, '') : undefined),
    instead: (request) =>
      request.endpoint === 'tags' ? listTags(request, store, { pageSize: tagsPageSize ?? maxTags, link }) : undefined,
  };
}

const badRequest = referrersAnswer(() => errorAnswer(400, { code: 'UNSUPPORTED', message: 'not supported' }));

function profile(name: Profile['name'], standsFor: string, referrers: Behaviour, hasLink: boolean): Profile {
  return {
    name,
    row: 20,
    standsFor,
    evidence: 'reported',
    notEstablished: ['status and body of the referrers endpoint', 'challenges', 'body of the 400 the link leads to'],
    parts: { referrersApi: false, behave: (world) => [referrers, tags(world, hasLink)] },
  };
}

export const nexusProfiles: readonly Profile[] = [
  profile(
    'nexus',
    'Sonatype Nexus 3.71 on a port of its own: no referrers API, links to a wrong path',
    referrersAnswer(noSuchRoute),
    true,
  ),
  profile('nexus/400', 'the same, should it answer 400 at the referrers endpoint', badRequest, true),
  profile('nexus/group', 'a Nexus group: tags cut short without a link', referrersAnswer(noSuchRoute), false),
];
