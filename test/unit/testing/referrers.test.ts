import { beforeEach, expect, test } from 'vitest';
import type { Descriptor } from '../../../src/oci/descriptor.js';
import { digestOf } from '../../../src/oci/digest.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import {
  buildArtifact,
  buildImage,
  buildIndex,
  startRegistry,
  type TestContent,
  type TestRegistry,
  type TestRegistryOptions,
} from '../../../src/testing/index.js';
import { errorCode } from './http.js';

const image = buildImage();
const subject = image.descriptor;
let artifacts: TestContent[];

beforeEach(() => {
  artifacts = ['application/spdx+json', 'application/spdx+json', 'application/vnd.in-toto+json'].map(
    (artifactType, at) =>
      buildArtifact({ artifactType, subject, content: `artifact ${at}`, annotations: { at: String(at) } }),
  );
});

async function startWithArtifacts(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  for (const content of [image, ...artifacts]) registry.store.add('team/app', content);
  return registry;
}

async function list(url: string | URL): Promise<{ response: Response; manifests: Descriptor[] }> {
  const response = await fetch(url);
  const index = (await response.json()) as { schemaVersion: number; mediaType: string; manifests: Descriptor[] };
  expect([index.schemaVersion, index.mediaType]).toEqual([2, mediaTypes.ociIndex]);
  return { response, manifests: index.manifests };
}

function sorted(contents: readonly TestContent[]): Descriptor[] {
  return contents.map((content) => content.descriptor).sort((one, other) => (one.digest < other.digest ? -1 : 1));
}

test('referrers are listed with artifact type and annotations, always in the same order', async () => {
  await using registry = await startWithArtifacts();
  const { response, manifests } = await list(`${registry.origin}/v2/team/app/referrers/${subject.digest}`);
  expect(response.headers.get('content-type')).toBe(mediaTypes.ociIndex);
  expect(response.headers.get('link')).toBeNull();
  expect(manifests).toEqual(sorted(artifacts));
});

test('an image without artifact type is listed with the type of its config, an index without one with none', async () => {
  await using registry = await startRegistry();
  const plain = { ...(JSON.parse(Buffer.from(image.manifest).toString()) as object), subject };
  const bytes = Buffer.from(JSON.stringify(plain));
  registry.store.putManifest('team/app', digestOf(bytes), bytes, mediaTypes.ociManifest);
  const index = buildIndex([image], { subject });
  registry.store.add('team/app', index);
  const { manifests } = await list(`${registry.origin}/v2/team/app/referrers/${subject.digest}`);
  const typeOf = new Map(manifests.map((manifest) => [manifest.digest, manifest.artifactType]));
  expect(typeOf).toEqual(
    new Map([
      [digestOf(bytes), mediaTypes.ociConfig],
      [index.descriptor.digest, undefined],
    ]),
  );
});

test.each(['sha256', 'sha512'] as const)(
  'nothing is listed for an unknown %s digest, which is no error',
  async (algorithm) => {
    await using registry = await startRegistry();
    const { response, manifests } = await list(
      `${registry.origin}/v2/no/such/referrers/${digestOf(Buffer.from('unknown'), algorithm)}`,
    );
    expect([response.status, manifests]).toEqual([200, []]);
  },
);

test('a digest that cannot be is refused', async () => {
  await using registry = await startRegistry();
  const response = await fetch(`${registry.origin}/v2/team/app/referrers/sha256:bad`);
  expect([response.status, await errorCode(response)]).toEqual([400, 'DIGEST_INVALID']);
});

test('a list is filtered by the server, which says so', async () => {
  await using registry = await startWithArtifacts();
  const url = new URL(`${registry.origin}/v2/team/app/referrers/${subject.digest}`);
  url.searchParams.set('artifactType', 'application/spdx+json');
  const { response, manifests } = await list(url);
  expect(response.headers.get('oci-filters-applied')).toBe('artifactType');
  expect(manifests).toEqual(sorted(artifacts.slice(0, 2)));
});

test('a filter for no type at all finds what has none', async () => {
  await using registry = await startWithArtifacts();
  const untyped = buildIndex([image], { subject });
  registry.store.add('team/app', untyped);
  const { manifests } = await list(`${registry.origin}/v2/team/app/referrers/${subject.digest}?artifactType=`);
  expect(manifests.map((manifest) => manifest.digest)).toEqual([untyped.descriptor.digest]);
});

test('a referrer that is deleted is listed no more', async () => {
  await using registry = await startWithArtifacts();
  const [deleted, ...kept] = sorted(artifacts);
  const url = `${registry.origin}/v2/team/app/manifests/${deleted?.digest ?? ''}`;
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(202);
  const { manifests } = await list(`${registry.origin}/v2/team/app/referrers/${subject.digest}`);
  expect(manifests).toEqual(kept);
});

test('a server told not to filter gives the whole list and does not say that it filtered', async () => {
  await using registry = await startWithArtifacts({ artifactTypeFilter: false });
  const { response, manifests } = await list(
    `${registry.origin}/v2/team/app/referrers/${subject.digest}?artifactType=none`,
  );
  expect(response.headers.get('oci-filters-applied')).toBeNull();
  expect(manifests).toHaveLength(3);
});

test('pages follow each other by relative links and keep the filter', async () => {
  await using registry = await startWithArtifacts({ pageSize: 1 });
  const found: Descriptor[] = [];
  let next: string | undefined = `/v2/team/app/referrers/${subject.digest}?artifactType=application%2Fspdx%2Bjson`;
  while (next !== undefined) {
    const { response, manifests } = await list(new URL(next, registry.origin));
    expect(manifests).toHaveLength(1);
    expect(response.headers.get('oci-filters-applied')).toBe('artifactType');
    found.push(...manifests);
    next = /^<(\/v2\/[^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
  }
  expect(found).toEqual(sorted(artifacts.slice(0, 2)));
});

test('a registry without the API answers as distribution does, even to those who have no credentials', async () => {
  const auth = { type: 'basic', username: 'user', password: 'secret' } as const;
  await using registry = await startRegistry({ referrersApi: false, auth });
  const response = await fetch(`${registry.origin}/v2/team/app/referrers/${subject.digest}`);
  expect([response.status, response.headers.get('content-type')]).toEqual([404, 'text/plain; charset=utf-8']);
  expect(await response.text()).toBe('404 page not found\n');
});

test('the referrers tag can be written for a client to find', async () => {
  await using registry = await startRegistry({ referrersApi: false });
  const tag = registry.store.setReferrersTag('team/app', subject, sorted(artifacts));
  expect(tag).toBe(subject.digest.replace(':', '-'));
  const { response, manifests } = await list(`${registry.origin}/v2/team/app/manifests/${tag}`);
  expect(response.headers.get('content-type')).toBe(mediaTypes.ociIndex);
  expect(manifests).toEqual(sorted(artifacts));
});
