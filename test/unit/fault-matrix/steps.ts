import type { InterceptedRequest } from '@stellaops/oci-referrers/testing';

/** The points a look at an image passes, in order; the last one before a step is where its fault begins. */
export type Point = 'start' | 'resolved' | 'first-page' | 'listed' | 'manifests-read';

/** One request on the way from a reference to the content of its referrers. */
export interface Step {
  readonly name: StepName;
  /** The point after which the fault is there. */
  readonly after: Point;
  /** Tells whether a request belongs to the step. */
  readonly matches: (request: InterceptedRequest) => boolean;
  /** True where the registry has no referrers API and the list is under the referrers tag. */
  readonly hasNoApi?: true;
  /** True where every token expires at `after`. */
  readonly expiresTokens?: true;
  /** True where the list is asked to read types from manifests. */
  readonly resolvesTypes?: true;
  /** True where the registry holds no referrers and the subject was never seen: the empty list has to be confirmed. */
  readonly confirmsEmpty?: true;
}

export type StepName =
  | 'token'
  | 'token while listing'
  | 'HEAD'
  | 'HEAD and GET'
  | 'referrers page 1'
  | 'referrers page 2'
  | 'tag'
  | 'manifest'
  | 'manifest for its type'
  | 'subject of an empty list'
  | 'blob';

export const imageTag = 'v1';
/** A blob whose body comes to no end: who opens it and does not read holds a connection. */
export const heldDigest = `sha256:${'e'.repeat(64)}`;

const isManifest = (request: InterceptedRequest): boolean => request.endpoint === 'manifest';
const isByDigest = (request: InterceptedRequest): boolean => request.reference?.startsWith('sha256:') === true;
const isPage = (request: InterceptedRequest, isFirst: boolean): boolean =>
  request.endpoint === 'referrers' && request.query.has('last') !== isFirst;

export const steps: readonly Step[] = [
  { name: 'token', after: 'start', matches: ({ endpoint }) => endpoint === 'token' },
  {
    name: 'token while listing',
    after: 'resolved',
    expiresTokens: true,
    matches: ({ endpoint }) => endpoint === 'token',
  },
  // A registry may refuse HEAD, so a GET settles what HEAD leaves open: one step for HEAD alone, one for both.
  {
    name: 'HEAD',
    after: 'start',
    matches: (request) => isManifest(request) && request.reference === imageTag && request.method === 'HEAD',
  },
  {
    name: 'HEAD and GET',
    after: 'start',
    matches: (request) => isManifest(request) && request.reference === imageTag,
  },
  { name: 'referrers page 1', after: 'resolved', matches: (request) => isPage(request, true) },
  { name: 'referrers page 2', after: 'first-page', matches: (request) => isPage(request, false) },
  {
    name: 'tag',
    after: 'first-page',
    hasNoApi: true,
    matches: (request) => isManifest(request) && request.reference?.startsWith('sha256-') === true,
  },
  { name: 'manifest', after: 'listed', matches: (request) => isManifest(request) && isByDigest(request) },
  {
    name: 'manifest for its type',
    after: 'resolved',
    resolvesTypes: true,
    matches: (request) => isManifest(request) && isByDigest(request),
  },
  {
    name: 'subject of an empty list',
    after: 'first-page',
    hasNoApi: true,
    confirmsEmpty: true,
    matches: (request) => isManifest(request) && isByDigest(request) && request.method === 'HEAD',
  },
  {
    name: 'blob',
    after: 'manifests-read',
    matches: (request) => request.endpoint === 'blob' && request.reference !== heldDigest,
  },
];
