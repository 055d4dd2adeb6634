import { json, text } from '../answers.js';
import { type AuthStyle, bearerChallenge } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import type { InterceptedRequest, RegistryAnswer } from '../types.js';
import { errorAnswer, isRead, noSubjectHeader, noVersionHeader } from './edits.js';
import type { Profile } from './profile.js';

const requestId = { 'x-github-request-id': 'D3AD:BEEF:1:2:3' };

/** The digest is cut in the address, as it was in every capture. */
function webPage(
  world: World,
  { repository = '' }: InterceptedRequest,
  endpoint: string,
  reference: string,
): RegistryAnswer {
  const page = encodeURIComponent(`${repository}/${endpoint}/${reference}`);
  return {
    status: 303,
    headers: {
      'content-type': 'application/json',
      location: `${world.elsewhere}/-/v2/packages/container/package/${page}`,
      ...requestId,
    },
  };
}

function api(world: World): Behaviour {
  return {
    ...noSubjectHeader,
    unrouted: (request) => {
      if (request.endpoint !== 'referrers') return undefined;
      return webPage(world, request, 'referrers', (request.reference ?? '').split(':', 1)[0] ?? '');
    },
  };
}

/** The user's report is about a tag; a missing digest is answered plainly. */
function unknownTags(world: World): Behaviour {
  return {
    instead: (request) => {
      const { endpoint, repository = '', reference = '' } = request;
      if (endpoint !== 'manifest' || !isRead(request) || reference.includes(':')) return undefined;
      const isKnown = world.store.repositories.get(repository)?.tags.has(reference) === true;
      return isKnown ? undefined : webPage(world, request, 'manifests', reference);
    },
  };
}

function website(status: 404 | 429, body: string): Behaviour {
  return {
    elsewhere: () =>
      text(status, body, {
        ...noVersionHeader,
        'content-type': 'text/plain; charset=utf-8',
        server: 'github.com',
        'set-cookie': '_gh_sess=a-session; path=/; secure; HttpOnly',
      }),
  };
}

function bearer({ host }: World): AuthStyle {
  return {
    type: 'bearer',
    service: host,
    token: ({ token }) => ({ token }),
    refuse: (refusal) => {
      // Without a repository the challenge names one that does not exist; it must not be asked for.
      const scope = refusal.scope === '' ? 'repository:user/image:pull' : refusal.scope;
      const error = { code: 'UNAUTHORIZED', message: 'authentication required' };
      return errorAnswer(401, error, { 'www-authenticate': bearerChallenge({ ...refusal, scope }) });
    },
    refuseToken: ({ reason }) =>
      reason === 'credentials'
        ? json(403, { errors: [{ code: 'DENIED', message: 'denied' }] })
        : errorAnswer(401, { code: 'UNAUTHORIZED', message: 'authentication required' }),
  };
}

const notEstablished = ['whether it still answers so after May 2026', 'its answer to a POST for a token'];

export const ghcrProfiles: readonly Profile[] = [
  {
    name: 'ghcr-2026',
    row: 2,
    standsFor:
      'GitHub Container Registry since 22 April 2026: the referrers endpoint redirects to the web site, which says 404',
    evidence: 'reported',
    notEstablished,
    parts: {
      hasElsewhere: true,
      auth: (world) => [bearer(world)],
      behave: (world) => [api(world), website(404, 'Not Found')],
    },
  },
  {
    name: 'ghcr-2026/unknown-tags',
    row: 2,
    standsFor: 'the same, with unknown tags sent to the web site too, as one user saw it',
    evidence: 'reported',
    notEstablished: [...notEstablished, 'whether every unknown tag is redirected'],
    parts: {
      hasElsewhere: true,
      auth: (world) => [bearer(world)],
      behave: (world) => [api(world), unknownTags(world), website(404, 'Not Found')],
    },
  },
  {
    name: 'ghcr-2026/web-limited',
    row: 2,
    standsFor: 'the same on a day when the web site limits the rate of requests',
    evidence: 'reported',
    notEstablished: [...notEstablished, 'body and headers of the 429'],
    parts: {
      hasElsewhere: true,
      auth: (world) => [bearer(world)],
      behave: (world) => [api(world), website(429, 'Too Many Requests')],
    },
  },
];
