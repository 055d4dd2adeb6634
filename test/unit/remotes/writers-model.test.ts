import {
  attachArtifact,
  createResolver,
  type Descriptor,
  digestOf,
  type Resolver,
  referrersTag,
} from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sbomType } from './setup.js';

/** When a registry gets the referrers API: before so many requests, or never. */
const upgrades = new Map<string, { requests: number; readonly apiFrom: number; readonly sinceApi: Set<string> }>();
const subject = buildImage();
const tag = referrersTag(subject.descriptor.digest);
let registry: TestRegistry | undefined;

beforeAll(async () => {
  registry = await startRegistry({
    intercept: (request, response) => {
      const upgrade = upgrades.get(request.repository ?? '');
      if (upgrade === undefined) return false;
      upgrade.requests += 1;
      if (request.endpoint !== 'referrers' || upgrade.requests >= upgrade.apiFrom) return false;
      response.writeHead(404).end();
      return true;
    },
    rewrite: (request, answer) => {
      const upgrade = upgrades.get(request.repository ?? '');
      if (upgrade === undefined) return answer;
      const hasApi = upgrade.requests >= upgrade.apiFrom;
      if (answer.headers['oci-subject'] !== undefined) {
        if (hasApi) upgrade.sinceApi.add(request.reference ?? '');
        return hasApi ? answer : { ...answer, headers: { ...answer.headers, 'oci-subject': [] } };
      }
      if (request.endpoint !== 'referrers' || answer.body === undefined) return answer;
      const list = JSON.parse(Buffer.from(answer.body).toString()) as { manifests: Descriptor[] };
      const manifests = list.manifests.filter(({ digest }) => upgrade.sinceApi.has(digest));
      return { ...answer, body: Buffer.from(JSON.stringify({ ...list, manifests })) };
    },
  });
});

afterAll(async () => {
  await registry?.close();
});

const foreign = buildArtifact({ artifactType: sbomType, subject: subject.descriptor, content: 'foreign' });
const foreignEntry = { ...foreign.descriptor, urls: ['https://example.com/x'], 'com.example.unknown': { kept: [1] } };

const worlds = fc.record({
  /** For each artifact, what is done to it, one after the other, and by which resolver. */
  histories: fc.array(
    fc.array(fc.record({ act: fc.constantFrom('attach', 'delete'), by: fc.nat({ max: 2 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
    { minLength: 1, maxLength: 5 },
  ),
  apiFrom: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat({ max: 80 })),
  hasForeign: fc.boolean(),
});

type World = typeof worlds extends fc.Arbitrary<infer Type> ? Type : never;
type Act = World['histories'][number][number];

/** Digests of what is listed under the tag. */
function underTag(repository: string): readonly Record<string, unknown>[] {
  const { tags, manifests } = (registry as TestRegistry).store.repository(repository);
  const bytes = manifests.get(tags.get(tag) ?? '')?.bytes;
  if (bytes === undefined) return [];
  const document = JSON.parse(Buffer.from(bytes).toString()) as { manifests: Record<string, unknown>[] };
  return document.manifests;
}

async function perform(
  reference: string,
  resolvers: readonly Resolver[],
  at: number,
  acts: readonly Act[],
): Promise<string | undefined> {
  let live: Descriptor | undefined;
  for (const { act, by } of acts) {
    const pusher = await (resolvers[by] as Resolver).pusher(reference);
    const files = [{ mediaType: sbomType, content: Buffer.from(String(at)) }];
    if (act === 'attach') live = await attachArtifact(pusher, subject.descriptor, { artifactType: sbomType, files });
    else if (live !== undefined) {
      await pusher.delete(live);
      live = undefined;
    }
  }
  return live?.digest;
}

function start(world: World): { repository: string; reference: string } {
  const { host, store } = registry as TestRegistry;
  const repository = `writers/r${upgrades.size}`;
  upgrades.set(repository, { requests: 0, apiFrom: world.apiFrom, sinceApi: new Set() });
  store.add(repository, subject);
  if (world.hasForeign) {
    store.add(repository, foreign);
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [foreignEntry],
      annotations: { theirs: 'yes' },
      'com.example.top': 1,
    };
    const bytes = Buffer.from(JSON.stringify(index));
    store.putManifest(repository, digestOf(bytes), bytes, index.mediaType);
    store.repository(repository).tags.set(tag, digestOf(bytes));
  }
  return { repository, reference: `${host}/${repository}` };
}

const anonymous = { retry: 0 as const, credentials: () => ({ anonymous: true as const }) };

async function checkWorld(world: World): Promise<void> {
  const { repository, reference } = start(world);
  const resolvers = [0, 1, 2].map(() => createResolver(anonymous));
  const ends = await Promise.all(world.histories.map((acts, at) => perform(reference, resolvers, at, acts)));
  await Promise.all(resolvers.map((resolver) => resolver.close()));
  const expected = new Set(ends.filter((digest) => digest !== undefined));
  if (world.hasForeign) expected.add(foreign.descriptor.digest);

  await using resolver = createResolver(anonymous);
  const fetcher = await resolver.fetcher(reference);
  const list = await fetcher.listReferrers(subject.descriptor, { confirmSubject: true, includeTagSchema: true });
  expect(list.referrers.map(({ digest }) => digest).sort()).toEqual([...expected].sort());
  const entries = underTag(repository);
  if (world.hasForeign) expect(entries).toContainEqual(foreignEntry);
  if (world.apiFrom === Number.POSITIVE_INFINITY) expect(entries).toHaveLength(expected.size);
}

describe('writers in one process', () => {
  it('leave a list of exactly what is there, whoever attaches and deletes at once, and what others wrote', async () => {
    await fc.assert(fc.asyncProperty(worlds, checkWorld), { numRuns: 30 });
  });

  it('that attach and delete the same referrer at once leave it there and listed, or neither', async () => {
    const files = [{ mediaType: sbomType, content: Buffer.from('the same') }];
    for (const apiFrom of [0, Number.POSITIVE_INFINITY]) {
      const { repository, reference } = start({ histories: [], apiFrom, hasForeign: false });
      await using resolver = createResolver(anonymous);
      const pusher = await resolver.pusher(reference);
      const attach = async (): Promise<Descriptor> =>
        await attachArtifact(pusher, subject.descriptor, { artifactType: sbomType, files });
      const referrer = await attach();
      await Promise.all([attach(), pusher.delete(referrer)]);
      const isStored = (registry as TestRegistry).store.repository(repository).manifests.has(referrer.digest);
      const list = await pusher.listReferrers(subject.descriptor);
      expect(list.referrers).toHaveLength(isStored ? 1 : 0);
    }
  });
});
