import type { Descriptor } from '../../oci/descriptor.js';
import { digestOf } from '../../oci/digest.js';
import { mediaTypes } from '../../oci/media-types.js';
import { text } from '../answers.js';
import type { Behaviour, World } from '../behaviour.js';
import { describePlainly, referrersOf } from '../referrers.js';
import type { InterceptedRequest, RegistryAnswer } from '../types.js';
import { withHeaders } from './edits.js';
import { hostile } from './hostile.js';
import type { Profile } from './profile.js';

/** What a right answer would list. */
interface Right {
  readonly request: InterceptedRequest;
  readonly world: World;
  readonly listed: readonly Descriptor[];
}

/** Answers the referrers endpoint with the document one makes of a right list; a text is sent as it is. */
function list(make: (right: Right) => unknown, type: string = mediaTypes.ociIndex): (world: World) => Behaviour {
  return (world) => ({
    instead: (request) => {
      if (request.endpoint !== 'referrers') return undefined;
      const listed = referrersOf(world.store, request.repository ?? '', request.reference ?? '');
      const made = make({ request, world, listed });
      return text(200, typeof made === 'string' ? made : JSON.stringify(made), { 'content-type': type });
    },
  });
}

function index(manifests: unknown): Readonly<Record<string, unknown>> {
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
}

/** Changes how each entry is listed. */
function entries(change: (entry: Descriptor) => unknown): (world: World) => Behaviour {
  return list(({ listed }) => index(listed.map(change)));
}

function after(
  make: (world: World) => Behaviour,
  change: (answer: RegistryAnswer) => RegistryAnswer,
): (world: World) => Behaviour {
  return (world) => ({
    ...make(world),
    change: ({ endpoint }, answer) => (endpoint === 'referrers' ? change(answer) : answer),
  });
}

const right = entries((entry) => entry);
const nowhere: Descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(Buffer.from('nowhere')), size: 7 };

function describe(
  { world, request }: Right,
  wanted: (digest: string, subject: string | undefined) => boolean,
): Descriptor[] {
  const manifests = world.store.repositories.get(request.repository ?? '')?.manifests ?? new Map<string, never>();
  return [...manifests].flatMap(([digest, manifest]) =>
    wanted(digest, manifest.subject) ? [describePlainly(digest, manifest)] : [],
  );
}

const depth = 100_000;
const maxListBytes = 4 * 1024 * 1024;

/** Lists that are none, or not to be believed. */
export const hostileLists: readonly Profile[] = [
  hostile(
    'hostile/empty-object',
    'an index without any field',
    list(() => ({})),
  ),
  hostile(
    'hostile/manifests-null',
    'null for a list',
    list(() => index(null)),
  ),
  hostile(
    'hostile/manifests-missing',
    'no list at all',
    list(() => index(undefined)),
  ),
  hostile(
    'hostile/docker-list',
    'a Docker manifest list for an OCI index',
    list(({ listed }) => ({ ...index(listed), mediaType: mediaTypes.dockerList }), mediaTypes.dockerList),
  ),
  hostile(
    'hostile/image-manifest',
    'an image manifest for an index',
    list(
      () => ({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: nowhere, layers: [] }),
      mediaTypes.ociManifest,
    ),
  ),
  hostile(
    'hostile/byte-order-mark',
    'a byte order mark before the JSON',
    list(({ listed }) => `\ufeff${JSON.stringify(index(listed))}`),
  ),
  hostile(
    'hostile/trailing-garbage',
    'a second JSON value after the first',
    list(({ listed }) => `${JSON.stringify(index(listed))}{}`),
  ),
  hostile(
    'hostile/truncated-json',
    'JSON that breaks off',
    list(({ listed }) => JSON.stringify(index(listed)).slice(0, -2)),
  ),
  hostile(
    'hostile/wrong-content-length',
    'a Content-Length that promises more than comes',
    after(right, (answer) => {
      const sent = answer.body?.length ?? 0;
      return { ...withHeaders(answer, { 'content-length': String(sent + 100) }), cutAfterBytes: sent };
    }),
  ),
  hostile(
    'hostile/duplicate-key',
    'one key twice, of which parsers take the first or the last',
    list(({ listed }) => `{"schemaVersion":2,"manifests":${JSON.stringify(listed)},"manifests":[]}`),
  ),
  hostile(
    'hostile/deep-nesting',
    'JSON nested a hundred thousand deep',
    list(() => `{"schemaVersion":2,"manifests":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  ),
  hostile(
    'hostile/over-4-mib',
    'a right list with one byte more than 4 MiB',
    list(({ listed }) => JSON.stringify(index(listed)).padEnd(maxListBytes + 1)),
  ),
  hostile(
    'hostile/path-for-digest',
    'a path where a digest belongs',
    list(() => index([{ ...nowhere, digest: 'sha256:../../../etc/passwd' }])),
  ),
  hostile(
    'hostile/upper-case-digest',
    'a digest in upper case',
    entries((entry) => ({ ...entry, digest: `sha256:${entry.digest.slice(7).toUpperCase()}` })),
  ),
  hostile(
    'hostile/duplicates',
    'every entry twice',
    list(({ listed }) => index([...listed, ...listed])),
  ),
  hostile(
    'hostile/wrong-sizes',
    'sizes that are not those of the manifests',
    entries((entry) => ({ ...entry, size: 1 })),
  ),
  hostile(
    'hostile/lists-subject',
    'the subject among its own referrers',
    list((found) => index([...found.listed, ...describe(found, (digest) => digest === found.request.reference)])),
  ),
  hostile(
    'hostile/lists-stranger',
    'artifacts that refer to something else',
    list((found) =>
      index([
        ...found.listed,
        ...describe(found, (_digest, subject) => subject !== undefined && subject !== found.request.reference),
      ]),
    ),
  ),
  hostile(
    'hostile/lists-missing',
    'an entry whose manifest is not there',
    list(({ listed }) => index([...listed, nowhere])),
  ),
  hostile(
    'hostile/annotations-null',
    'null for annotations and types',
    entries((entry) => ({ ...entry, annotations: null, artifactType: null })),
  ),
  hostile(
    'hostile/claims-filter',
    'a header that says the list was filtered, and a list that was not',
    after(right, (answer) => withHeaders(answer, { 'oci-filters-applied': 'artifactType' })),
  ),
];
