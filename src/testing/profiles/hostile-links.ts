import { mediaTypes } from '../../oci/media-types.js';
import { json, noSuchRoute } from '../answers.js';
import type { Behaviour, World } from '../behaviour.js';
import { referrersOf } from '../referrers.js';
import type { InterceptedRequest, RegistryAnswer } from '../types.js';
import { hostile } from './hostile.js';
import type { Profile } from './profile.js';

/** Answers page 1 with the right list and a `Link`; `later` answers the pages after it, the right list by default. */
function linked(
  link: (request: InterceptedRequest, world: World) => string,
  later?: (page: number) => RegistryAnswer,
): (world: World) => Behaviour {
  const listed = (request: InterceptedRequest, world: World): RegistryAnswer => {
    const manifests = referrersOf(world.store, request.repository ?? '', request.reference ?? '');
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    return json(200, index, { 'content-type': mediaTypes.ociIndex, link: link(request, world) });
  };
  return (world) => ({
    instead: (request) => {
      if (request.endpoint !== 'referrers') return undefined;
      const page = pageOf(request);
      return page > 1 && later !== undefined ? later(page) : listed(request, world);
    },
    elsewhere: (request) => (request.endpoint === 'referrers' ? listed(request, world) : undefined),
  });
}

function pageOf({ query }: InterceptedRequest): number {
  return Number(query.get('page') ?? 1);
}

/** Next pages that are traps. */
export const hostileLinks: readonly Profile[] = [
  hostile(
    'hostile/link-loop',
    'a next page that is this page',
    linked(({ url }) => `<${url}>; rel="next"`),
  ),
  hostile(
    'hostile/link-elsewhere',
    'a next page at another origin',
    linked(({ path }, { elsewhere }) => `<${elsewhere}${path}?page=2>; rel="next"`),
  ),
  hostile(
    'hostile/link-other-repository',
    'a next page of another repository',
    linked(({ reference = '' }) => `</v2/someone/else/referrers/${reference}?page=2>; rel="next"`),
  ),
  hostile(
    'hostile/link-two-targets',
    'two different next pages',
    linked(({ path }) => `<${path}?page=2>; rel="next", <${path}?page=3>; rel="next"`),
  ),
  hostile(
    'hostile/link-no-url',
    'a next page that is no URL',
    linked(() => '<http://[>; rel="next"'),
  ),
  hostile(
    'hostile/endless-pages',
    'a next page after every page',
    linked((request) => `<${request.path}?page=${pageOf(request) + 1}>; rel="next"`),
  ),
  hostile(
    'hostile/fault-on-page-2',
    'a list whose second page is not found',
    linked(({ path }) => `<${path}?page=2>; rel="next"`, noSuchRoute),
  ),
];
