import { digestOf } from '../../oci/digest.js';
import { mediaTypes } from '../../oci/media-types.js';
import { json, text } from '../answers.js';
import { type AuthStyle, bearerChallenge } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import { referrersOf } from '../referrers.js';
import { listTags, type PageEnd } from '../tags.js';
import type { RegistryAnswer } from '../types.js';
import {
  errorAnswer,
  everyAnswer,
  everyHeader,
  isRead,
  noSubjectHeader,
  referrersAnswer,
  withHeaders,
} from './edits.js';
import type { Profile } from './profile.js';

const asText = { 'content-type': 'text/plain; charset=utf-8' };

/** Pages are cut by bytes in the real one; here by number, so that a test gets several without megabytes. */
const defaultPageSize = 2;

/** Says that it filtered only while the list is made: not from its cache, and not on later pages. */
function pagedList({ store, pageSize }: World): Behaviour {
  const cached = new Set<string>();
  return {
    instead: (request) => {
      const { endpoint, repository = '', reference = '', path, query } = request;
      if (endpoint !== 'referrers' || !isRead(request)) return undefined;
      const wanted = query.get('artifactType') ?? '';
      const all = referrersOf(store, repository, reference).filter(
        ({ artifactType }) => wanted === '' || artifactType === wanted,
      );
      const most = pageSize ?? defaultPageSize;
      const page = Number(query.get('page') ?? 0);
      const cache = digestOf(Buffer.from(JSON.stringify([reference, wanted, all])));
      const isMade = page === 0 && !cached.has(cache);
      cached.add(cache);
      const headers: Record<string, string> = { 'content-type': mediaTypes.ociIndex };
      if (wanted !== '' && isMade) headers['oci-filters-applied'] = 'artifactType';
      if ((page + 1) * most < all.length) {
        const next = new URLSearchParams([...query, ['cache', cache], ['page', '']]);
        next.set('cache', cache);
        next.set('page', String(page + 1));
        next.sort();
        headers['link'] = `<${path}?${next.toString()}>; rel=next`;
      }
      const manifests = all.slice(page * most, (page + 1) * most);
      return json(200, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }, headers);
    },
  };
}

function otherEndpoints({ store, tagsPageSize }: World): Behaviour {
  const link = ({ path, last, n }: PageEnd): string => `<${path}?last=${encodeURIComponent(last)}&n=${n}>; rel=next`;
  return {
    unrouted: ({ method, path, endpoint }) => {
      if (path === '/v2/_catalog') return text(404, '');
      if (method !== 'OPTIONS') return undefined;
      return endpoint === 'manifest' ? unsupported : text(404, '');
    },
    instead: (request) => {
      const { endpoint, repository = '', query } = request;
      if (endpoint !== 'tags') return undefined;
      // It divides by the size of a page, and the handler dies.
      if (query.get('n') === '0') return { status: 500, headers: {}, cutAfterBytes: 0 };
      if (!store.repositories.has(repository)) return json(200, { name: repository, tags: [] });
      return listTags(request, store, { pageSize: tagsPageSize, link });
    },
    change: ({ endpoint, method, reference = '' }, answer) => {
      const isTagged = endpoint === 'manifest' && method === 'PUT' && !reference.includes(':') && answer.status === 201;
      return isTagged ? withHeaders(answer, { 'oci-tag': reference }) : answer;
    },
  };
}

/** Errors are JSON that is not called so, and a repository that is not there is only a manifest that is not there. */
function errors({ store }: World): Behaviour {
  return {
    instead: (request) => {
      const { endpoint, repository = '' } = request;
      if (endpoint !== 'manifest' || !isRead(request) || store.repositories.has(repository)) return undefined;
      return errorAnswer(404, { code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' });
    },
    change: (_request, answer) =>
      answer.status >= 400 && answer.headers['content-type'] === 'application/json'
        ? withHeaders(answer, asText)
        : answer,
  };
}

const unsupported: RegistryAnswer = errorAnswer(
  405,
  { code: 'UNSUPPORTED', message: 'the operation is unsupported', detail: 'method not allowed' },
  asText,
);

function unauthorized(challenge: string): RegistryAnswer {
  const error = { code: 'UNAUTHORIZED', message: 'authentication required' };
  return errorAnswer(401, error, { ...asText, 'www-authenticate': challenge });
}

/** Whoever may not do something gets another 401, and no 403. */
const auth: readonly AuthStyle[] = [
  {
    type: 'bearer',
    service: 'olareg registry',
    token: ({ token, ttlSeconds }) => ({ token, expires_in: ttlSeconds, issued_at: new Date().toISOString() }),
    refuse: (refusal) => {
      const scope = refusal.scope === '' ? 'registry::pull' : refusal.scope;
      return unauthorized(bearerChallenge({ ...refusal, scope }, 'error="unauthorized"'));
    },
    refuseToken: ({ reason }) => (reason === 'service' ? text(403, '') : text(401, '')),
    post: unsupported,
  },
  {
    type: 'basic',
    refuse: ({ scope }) => {
      const named = scope === '' ? '' : `,scope="${scope}"`;
      return unauthorized(`Basic realm="olareg registry"${named},error="unauthorized"`);
    },
  },
];

const evidence = 'observed';
const notEstablished = ['scope of a Bearer challenge below a repository', 'body of a 401'];

function paged(name: Profile['name'], standsFor: string, behaviours: readonly Behaviour[]): Profile {
  const behave = (world: World): readonly Behaviour[] => [
    ...behaviours,
    pagedList(world),
    otherEndpoints(world),
    errors(world),
  ];
  return { name, row: 15, standsFor, evidence, notEstablished, parts: { auth: () => auth, behave } };
}

export const olaregProfiles: readonly Profile[] = [
  paged(
    'olareg-paged',
    'olareg 0.2 with small pages: native, rel=next without quotes, a filter header that comes and goes',
    [],
  ),
  paged('olareg-paged/rate-limited', 'the same over its rate limit: 429 without a body', [
    everyAnswer(text(429, '', { 'retry-after': '1' })),
  ]),
  paged('olareg-paged/warning', 'the same with --warning', [
    everyHeader({ warning: '299 - "this registry is read-only soon"' }),
  ]),
  {
    name: 'olareg-off',
    row: 15,
    standsFor: 'olareg 0.2 with --api-referrer=false: 405 at the referrers endpoint',
    evidence,
    notEstablished: [...notEstablished, 'whether it asks for credentials first'],
    parts: {
      auth: () => auth,
      behave: (world) => [referrersAnswer(() => unsupported), noSubjectHeader, otherEndpoints(world), errors(world)],
    },
  },
];
