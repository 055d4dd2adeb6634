import { buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import {
  ask,
  askReferrers,
  attach,
  digests,
  list,
  openProfile,
  openWithUser,
  repository,
  sbomType,
  secretsAt,
  user,
  userHeader,
  wire,
} from './scene.js';

const dockerListType = 'application/vnd.docker.distribution.manifest.list.v2+json';
const children = ['amd64', 'arm64'].map((architecture) => buildImage({ platform: { architecture, os: 'linux' } }));

/** An index in Docker's form over the same children. */
function dockerList(): TestContent {
  const manifests = children.map(({ descriptor }) => descriptor);
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: dockerListType, manifests }));
  const blob = buildImage({ layers: [bytes] }).blobs[1];
  if (blob === undefined) throw new Error('an image without a layer');
  return {
    descriptor: { ...blob.descriptor, mediaType: dockerListType },
    manifest: bytes,
    blobs: [],
    children,
  };
}

describe('gitlab', () => {
  it.each([
    ['an image', buildImage()],
    ['an OCI index', buildIndex(children)],
    ['a Docker manifest list', dockerList()],
  ])(
    'shows the subject itself under the referrers tag: %s has no referrers, and its platforms are none',
    async (_what, subject) => {
      await using scene = await openProfile('gitlab');
      scene.registry.store.add(repository, subject);
      const found = await scene.fetcher.listReferrers(subject.descriptor);
      expect(found).toMatchObject({ referrers: [], source: 'tag-schema' });
      expect(found.warnings).toEqual([expect.stringContaining('tag-aliases-subject')]);
      const tag = await ask(scene, `manifests/${subject.descriptor.digest.replace(':', '-')}`);
      expect(await wire(tag, 'content-type', 'docker-content-digest')).toEqual([
        200,
        subject.descriptor.mediaType,
        subject.descriptor.digest,
        Buffer.from(subject.manifest).toString(),
      ]);
    },
  );

  it('refuses to attach what could never be listed, before anything is pushed', async () => {
    await using scene = await openProfile('gitlab');
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_TAG_CONFLICT' });
    expect(scene.registry.requests.every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true);
  });

  it('has its token service on another host, which gets the password and nothing else', async () => {
    await using scene = await openWithUser('gitlab', {}, { headers: () => ({ 'X-Api-Key': 'key' }) });
    const { elsewhere, host } = scene.registry;
    expect((await ask(scene, 'manifests/v1')).headers.get('www-authenticate')).toBe(
      `Bearer realm="${elsewhere?.origin}/jwt/auth",service="container_registry",scope="repository:${repository}:pull"`,
    );
    await scene.resolver.resolve(scene.reference);
    expect(elsewhere?.requests.map(({ endpoint, headers }) => [endpoint, headers['authorization']])).toEqual([
      ['token', userHeader],
    ]);
    expect(secretsAt(elsewhere)).toEqual(['authorization']);
    await using careful = await openWithUser('gitlab', {}, { tokenRealms: [host], credentials: () => user });
    await expect(careful.resolver.resolve(careful.reference)).rejects.toMatchObject({ code: 'ERR_OCI_REALM_REFUSED' });
    expect(careful.registry.elsewhere?.requests).toEqual([]);
  });

  it('says what it is at /v2/, and deletes a tag without its manifest', async () => {
    await using scene = await openProfile('gitlab');
    const base = await ask(scene, '/v2/');
    for (const name of ['version', 'features', 'database-enabled']) {
      expect(base.headers.has(`gitlab-container-registry-${name}`)).toBe(true);
    }
    expect((await ask(scene, 'tags/reference/v1', { method: 'DELETE' })).status).toBe(202);
    expect((await ask(scene, 'manifests/v1')).status).toBe(404);
    expect((await ask(scene, `manifests/${scene.image.descriptor.digest}`)).status).toBe(200);
  });
});

it('gitlab-virtual: is read through the referrers tag, its page of HTML being a 404 like any other', async () => {
  await using scene = await openProfile('gitlab-virtual');
  const sbom = scene.addReferrer(sbomType, 'sbom');
  expect((await list(scene)).referrers).toEqual([]);
  scene.registry.store.setReferrersTag(repository, scene.image.descriptor, [sbom.descriptor]);
  expect(digests((await list(scene)).referrers)).toEqual([sbom.descriptor.digest]);
  const answer = await askReferrers(scene);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  expect(await answer.text()).toMatch(/^<!DOCTYPE html>/);
});
