import { attachArtifact, referrersTag } from '@stellaops/oci-referrers';
import type { RegistryAnswer, RequestFacts, TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { buildImage, startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { asked, openScene, repository, type Scene, sbomType } from './setup.js';

const sbom = { artifactType: sbomType, files: [{ mediaType: sbomType, content: Buffer.from('{}') }] };
const notAPut = (request: string): boolean => !request.startsWith('PUT');

/** A registry that sends requests for tags it does not know to another origin, as GHCR does; the tag list is a test's own. */
async function openSite(
  other: TestRegistry,
  tagList: (request: RequestFacts, answer: RegistryAnswer) => RegistryAnswer = (_, answer) => answer,
  options: TestRegistryOptions = {},
): Promise<Scene> {
  const elsewhere = { status: 303, headers: { Location: `${other.origin}/-/packages/app` } };
  return await openScene({
    referrersApi: false,
    ...options,
    rewrite: (request, answer) => {
      if (request.endpoint === 'tags') return tagList(request, answer);
      const isUnknownTag = request.endpoint === 'manifest' && request.method === 'GET' && answer.status === 404;
      return isUnknownTag ? elsewhere : answer;
    },
  });
}

async function attach(scene: Scene): Promise<string> {
  const pusher = await scene.resolver.pusher(scene.reference);
  return (await attachArtifact(pusher, scene.image.descriptor, sbom)).digest;
}

describe('the first referrer at a registry that sends unknown tags to another origin (GHCR)', () => {
  it('is attached when the list of tags was read to its end and the tag is not in it', async () => {
    await using other = await startRegistry();
    await using scene = await openSite(other, undefined, { tagsPageSize: 1 });
    for (const tag of ['v2', 'v3']) scene.registry.store.add(repository, scene.image, { tag });

    const digest = await attach(scene);

    const found = await scene.fetcher.fetchReferrers(scene.image.descriptor);
    expect(found.map((referrer) => referrer.digest)).toEqual([digest]);
    const lists = scene.registry.requests.filter(({ endpoint }) => endpoint === 'tags');
    expect(lists.length).toBeGreaterThan(2);
    // The pages after the first are what the registry's own links say; `n` was never asked for.
    expect(lists[0]?.url).toBe(`/v2/${repository}/tags/list`);
  });

  it('is attached where the repository has no tag at all', async () => {
    await using other = await startRegistry();
    await using scene = await openSite(other);
    scene.registry.store.repository(repository).tags.clear();
    const digest = await attach(scene);
    expect((await scene.fetcher.fetchReferrers(scene.image.descriptor)).map((found) => found.digest)).toEqual([digest]);
  });

  it.each<[string, RegistryAnswer]>([
    ['is denied', { status: 403, headers: {} }],
    ['does not exist', { status: 404, headers: {} }],
    ['is no list', { status: 200, headers: { 'Content-Type': 'text/html' }, body: Buffer.from('<html>') }],
    ['fails', { status: 500, headers: {} }],
  ])('is refused before anything is pushed when the list of tags %s', async (_, answer) => {
    await using other = await startRegistry();
    await using scene = await openSite(other, () => answer);
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_TAG_CONFLICT' });
    expect(asked(scene.registry).filter((request) => !request.startsWith('GET'))).toEqual([]);
  });

  it('is refused when the list of tags breaks off after its first page', async () => {
    await using other = await startRegistry();
    await using scene = await openSite(
      other,
      (request, answer) => (request.query.has('last') ? { status: 502, headers: {} } : answer),
      { tagsPageSize: 1 },
    );
    scene.registry.store.add(repository, scene.image, { tag: 'v2' });
    await expect(attach(scene)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_TAG_CONFLICT',
      cause: { status: 502 },
    });
    expect(asked(scene.registry).every(notAPut)).toBe(true);
  });

  it('is refused when the list of tags comes from another origin too', async () => {
    await using other = await startRegistry();
    other.store.add('x', buildImage(), { tag: 'v1' });
    await using scene = await openSite(other, () => ({
      status: 307,
      headers: { Location: `${other.origin}/v2/x/tags/list` },
    }));
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_TAG_CONFLICT' });
  });

  it('is refused when the tag appears, and is sent elsewhere, between the decision and the list', async () => {
    await using other = await startRegistry();
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer, store) => {
        if (request.method === 'PUT' && request.endpoint === 'manifest' && answer.status === 201) {
          // Somebody else's first referrer, by a node that this client is not sent to next.
          store.setReferrersTag(repository, image, [{ ...image, digest: `sha256:${'1'.repeat(64)}` }]);
          isTaken = true;
        }
        const isTag = request.method === 'GET' && request.reference === referrersTag(image.digest);
        return isTaken && isTag ? { status: 303, headers: { Location: `${other.origin}/-/packages/app` } } : answer;
      },
    });
    const image = scene.image.descriptor;
    let isTaken = false;
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_TAG_CONFLICT' });
    const puts = scene.registry.requests.filter(
      ({ method, reference }) => method === 'PUT' && reference === referrersTag(image.digest),
    );
    expect(puts).toEqual([]);
  });

  it('is refused when the list has the tag after all: what is in it must not be lost', async () => {
    await using other = await startRegistry();
    await using scene = await openSite(other, (_, answer) => {
      const tags = ['v1', referrersTag(`sha256:${'0'.repeat(64)}`)];
      return { ...answer, body: Buffer.from(JSON.stringify({ name: repository, tags })) };
    });
    const subject = { ...scene.image.descriptor, digest: `sha256:${'0'.repeat(64)}` };
    const pusher = await scene.resolver.pusher(scene.reference);
    await expect(attachArtifact(pusher, subject, sbom)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_TAG_CONFLICT',
      message: expect.stringContaining('has that tag') as string,
    });
  });
});
