import { noSuchRoute, text } from '../answers.js';
import { type AuthStyle, bearerChallengeWithError } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import type { RegistryAnswer } from '../types.js';
import { errorAnswer, everyAnswer, isRead, referrersAnswer, withHeaders } from './edits.js';
import type { Profile } from './profile.js';

const bearer: AuthStyle = {
  type: 'bearer',
  isElsewhere: true,
  service: 'registry.docker.io',
  refuse: (refusal) => {
    const error = { code: 'UNAUTHORIZED', message: 'authentication required' };
    return errorAnswer(401, error, { 'www-authenticate': bearerChallengeWithError(refusal) });
  },
};

/** A subject has to be there before what refers to it. */
function noDanglingSubject({ store }: World, status: 404 | 400): Behaviour {
  const code = status === 404 ? 'MANIFEST_UNKNOWN' : 'MANIFEST_INVALID';
  return {
    refusePush: ({ repository, facts }) => {
      if (facts.subject === undefined) return undefined;
      const isKnown = store.repositories.get(repository)?.manifests.has(facts.subject) === true;
      return isKnown ? undefined : errorAnswer(status, { code, message: 'subject manifest unknown' });
    },
  };
}

/** Nothing is left, and the answer is a 200 all the same. */
const rateHeaders: Behaviour = {
  change: (request, answer) =>
    request.endpoint === 'manifest' && isRead(request) && answer.status === 200
      ? withHeaders(answer, {
          'ratelimit-limit': '100;w=21600',
          'ratelimit-remaining': '0;w=21600',
          'docker-ratelimit-source': '127.0.0.1',
        })
      : answer,
};

const pullLimit: RegistryAnswer = errorAnswer(429, {
  code: 'TOOMANYREQUESTS',
  message: 'You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
});
const abuseLimit: RegistryAnswer = text(429, 'Too Many Requests (HAP429)', { 'content-type': 'text/plain' });

function hub2024(name: Profile['name'], standsFor: string, status: 404 | 400): Profile {
  return {
    name,
    row: 10,
    standsFor,
    evidence: 'reported',
    notEstablished: ['body of the 404 of the referrers endpoint', 'body of the answer to a dangling subject'],
    parts: {
      hasElsewhere: true,
      auth: () => [bearer],
      behave: (world) => [referrersAnswer(noSuchRoute), noDanglingSubject(world, status)],
    },
  };
}

function hub2026(name: Profile['name'], standsFor: string, behaviours: readonly Behaviour[]): Profile {
  return {
    name,
    row: 11,
    standsFor,
    evidence: 'reported',
    notEstablished: ['headers and paging of its lists of referrers', 'Retry-After of a 429'],
    parts: { hasElsewhere: true, auth: () => [bearer], behave: () => behaviours },
  };
}

export const dockerHubProfiles: readonly Profile[] = [
  hub2024(
    'hub-2024',
    'Docker Hub in March 2024: OCI-Subject on push, but no referrers API; 404 for a dangling subject',
    404,
  ),
  hub2024('hub-2024/dangling-400', 'the same, with 400 for a dangling subject', 400),
  hub2026('hub-2026', 'Docker Hub since autumn 2025: native, with rate limits in the headers of manifests', [
    rateHeaders,
  ]),
  hub2026('hub-2026/rate-limited', 'Docker Hub over the pull limit', [everyAnswer(pullLimit)]),
  hub2026('hub-2026/abuse-limited', 'Docker Hub over the abuse limit: a bare text', [everyAnswer(abuseLimit)]),
];
