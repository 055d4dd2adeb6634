import { attachArtifact } from '@stellaops/oci-referrers';
import { buildIndex } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import {
  ask,
  askReferrers,
  attachAndList,
  digests,
  list,
  openProfile,
  openWithUser,
  repository,
  sbomType,
  wire,
} from './scene.js';

const profiles = ['gitea', 'gitea/old', 'gitea/one-header', 'forgejo'] as const;

describe.each(profiles)('%s', (profile) => {
  it('lets the user in, and keeps referrers under the tag', async () => {
    await using scene = await openWithUser(profile);
    const found = await attachAndList(scene);
    expect(found).toMatchObject({ source: 'tag-schema', isListed: true });
    const tokens = scene.registry.requests.filter(({ endpoint }) => endpoint === 'token');
    expect(tokens.map(({ query }) => query.get('scope'))).toContain('*');
  });
});

it.each([
  ['gitea', ', Basic realm="Gitea Container Registry"'],
  ['gitea/old', ', Basic'],
  ['gitea/one-header', ',Basic realm="Gitea Container Registry"'],
  ['forgejo', ', Basic'],
] as const)('%s: asks who it is before it says 404, with a second challenge', async (profile, second) => {
  await using scene = await openWithUser(profile);
  const { origin } = scene.registry;
  const bearer = `Bearer realm="${origin}/v2/token",service="container_registry",scope="*"`;
  const refused = await askReferrers(scene);
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, `${bearer}${second}`]);
  expect((await ask(scene, '/v2/token', { method: 'POST' })).status).toBe(404);
  await using open = await openProfile(profile);
  expect(await wire(await askReferrers(open), 'content-type')).toEqual([
    404,
    'text/plain; charset=utf-8',
    'Not found.\n',
  ]);
});

it('gitea: takes an identity token by GET where it knows no POST', async () => {
  const credentials = () => ({ identityToken: 'pass:word' });
  await using scene = await openWithUser('gitea', { username: '<token>' }, { credentials });
  await scene.resolver.resolve(scene.reference);
  const tokens = scene.registry.requests.filter(({ endpoint }) => endpoint === 'token');
  expect(tokens.map(({ method, status }) => `${method} ${status}`)).toEqual(['POST 404', 'GET 200']);
});

it('gitea: refuses to list a referrer that is an index, and the caller is told that it is not listed', async () => {
  await using scene = await openProfile('gitea');
  const { image, resolver, reference } = scene;
  const pusher = await resolver.pusher(reference);
  const index = buildIndex([image], { artifactType: sbomType, subject: image.descriptor });
  await expect(pusher.push(index.descriptor, index.manifest)).rejects.toMatchObject({
    status: 400,
    registryErrors: [{ code: 'MANIFEST_INVALID' }],
  });
  expect(scene.registry.store.repository(repository).manifests.has(index.descriptor.digest)).toBe(true);
  expect((await list(scene)).referrers).toEqual([]);
  const attached = await attachArtifact(pusher, image.descriptor, { artifactType: sbomType, files: [] });
  expect(digests((await list(scene)).referrers)).toEqual([attached.digest]);
});
