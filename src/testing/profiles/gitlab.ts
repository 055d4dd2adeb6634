import { type AuthStyle, bearerChallenge } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import { errorAnswer, html, isRead, referrersAnswer, withHeaders } from './edits.js';
import type { Profile } from './profile.js';

/** The tag `sha256-<hex>` is read as the digest `sha256:<hex>`: it shows the subject, whatever was pushed to it. */
function aliasedTags({ store }: World): Behaviour {
  return {
    instead: (request) => {
      const { endpoint, repository = '', reference = '' } = request;
      const [, hex] = /^sha256-([0-9a-f]{64})$/.exec(reference) ?? [];
      if (endpoint !== 'manifest' || !isRead(request) || hex === undefined) return undefined;
      const digest = `sha256:${hex}`;
      const manifest = store.repositories.get(repository)?.manifests.get(digest);
      if (manifest === undefined) return undefined;
      const headers = { 'content-type': manifest.mediaType, 'docker-content-digest': digest };
      return { status: 200, headers, body: manifest.bytes };
    },
  };
}

/** GitLab has a route of its own to delete a tag and leave its manifest. */
function tagDeletes({ store }: World): Behaviour {
  return {
    unrouted: ({ method, path }) => {
      const [, repository = '', tag = ''] = /^\/v2\/(.+)\/tags\/reference\/([^/]+)$/.exec(path) ?? [];
      if (method !== 'DELETE' || tag === '') return undefined;
      const wasThere = store.repositories.get(repository)?.tags.delete(tag) === true;
      return wasThere
        ? { status: 202, headers: {} }
        : errorAnswer(404, { code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' });
    },
  };
}

/** Tokens come from GitLab itself, on another host than the registry. */
const bearer: AuthStyle = {
  type: 'bearer',
  isElsewhere: true,
  tokenPath: '/jwt/auth',
  service: 'container_registry',
  token: ({ token }) => ({ token }),
  refuse: (refusal) =>
    errorAnswer(
      401,
      { code: 'UNAUTHORIZED', message: 'authentication required' },
      { 'www-authenticate': bearerChallenge(refusal) },
    ),
};

const railsPage = '<!DOCTYPE html>\n<html>\n<head><title>The page could not be found (404)</title></head>\n</html>\n';

export const gitlabProfiles: readonly Profile[] = [
  {
    name: 'gitlab',
    row: 4,
    standsFor:
      'GitLab container registry in 2026: no referrers API, and the referrers tag resolves to the subject itself',
    evidence: 'reported',
    notEstablished: [
      'body of the 404 of the referrers endpoint',
      'what the tag shows once something was pushed to it',
      'body of the 401, values of the Gitlab-Container-Registry headers',
    ],
    parts: {
      referrersApi: false,
      hasElsewhere: true,
      auth: () => [bearer],
      behave: (world) => [
        aliasedTags(world),
        tagDeletes(world),
        {
          change: ({ endpoint }, answer) =>
            endpoint === 'base'
              ? withHeaders(answer, {
                  'gitlab-container-registry-version': '4.0.0-gitlab',
                  'gitlab-container-registry-features': 'tag_delete',
                  'gitlab-container-registry-database-enabled': 'true',
                })
              : answer,
        },
      ],
    },
  },
  {
    name: 'gitlab-virtual',
    row: 21,
    standsFor: 'GitLab virtual registry: the referrers endpoint is a 404 page of the web application',
    evidence: 'reported',
    notEstablished: ['text of the page'],
    parts: {
      referrersApi: false,
      behave: () => [referrersAnswer(() => html(404, railsPage))],
    },
  },
];
