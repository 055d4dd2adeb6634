import { attachArtifact, createResolver, referrersTag } from '@stellaops/oci-referrers';
import { buildImage, startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { asked, openScene, repository, sbomType } from './setup.js';

const sbom = {
  artifactType: sbomType,
  files: [{ mediaType: sbomType, content: Buffer.from('{"bomFormat":"CycloneDX"}') }],
};

describe('attaching an artifact', () => {
  it('makes a referrer the API lists, with its annotations', async () => {
    await using scene = await openScene();
    const pusher = await scene.resolver.pusher(scene.reference);
    const descriptor = await attachArtifact(pusher, scene.image.descriptor, { ...sbom, annotations: { by: 'test' } });

    const [found] = await scene.fetcher.fetchReferrers(scene.image.descriptor, sbomType);
    expect(found).toMatchObject({ digest: descriptor.digest, artifactType: sbomType, annotations: { by: 'test' } });
    expect([...scene.registry.store.repository(repository).tags.keys()]).toEqual(['v1']);
  });

  it('makes a referrer the tag lists where there is no API, with its annotations', async () => {
    await using scene = await openScene({ referrersApi: false });
    const pusher = await scene.resolver.pusher(scene.reference);
    const descriptor = await attachArtifact(pusher, scene.image.descriptor, { ...sbom, annotations: { by: 'test' } });

    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list.source).toBe('tag-schema');
    expect(list.referrers).toEqual([
      expect.objectContaining({ digest: descriptor.digest, artifactType: sbomType, annotations: { by: 'test' } }),
    ]);
  });

  it('keeps what the tag lists already, in whatever order writers of one process come', async () => {
    await using scene = await openScene({ referrersApi: false });
    const before = scene.addReferrer(sbomType, 'before');
    const pusher = await scene.resolver.pusher(scene.reference);
    const contents = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => Buffer.from(text));
    const attached = await Promise.all(
      contents.map((content) =>
        attachArtifact(pusher, scene.image.descriptor, { ...sbom, files: [{ mediaType: sbomType, content }] }),
      ),
    );
    const found = await scene.fetcher.fetchReferrers(scene.image.descriptor);
    const expected = [before.descriptor, ...attached].map((descriptor) => descriptor.digest);
    expect(found.map((descriptor) => descriptor.digest).sort()).toEqual(expected.sort());
  });

  it('keeps what writers of several resolvers add at the same time', async () => {
    await using scene = await openScene({ referrersApi: false });
    const resolvers = [1, 2, 3].map(() => createResolver({ retry: 0, credentials: () => ({ anonymous: true }) }));
    const contents = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    await Promise.all(
      contents.map(async (text, index) => {
        const pusher = await resolvers[index % 3]?.pusher(scene.reference);
        if (pusher === undefined) throw new Error('no resolver');
        const files = [{ mediaType: sbomType, content: Buffer.from(text) }];
        await attachArtifact(pusher, scene.image.descriptor, { ...sbom, files });
      }),
    );
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toHaveLength(contents.length);
    await Promise.all(resolvers.map((resolver) => resolver.close()));
  });

  it('leaves what other writers keep in the list as it is, fields nobody here knows included', async () => {
    await using scene = await openScene({ referrersApi: false });
    const foreign = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${'1'.repeat(64)}`,
      size: 9,
    };
    const entry = { ...foreign, data: 'e30=', 'x-extension': { kept: true } };
    scene.registry.store.setReferrersTag(repository, scene.image.descriptor, [entry]);
    const pusher = await scene.resolver.pusher(scene.reference);
    await attachArtifact(pusher, scene.image.descriptor, sbom);
    const bytes = scene.registry.store.repository(repository);
    const digest = bytes.tags.get(referrersTag(scene.image.descriptor.digest)) ?? '';
    const index = JSON.parse(Buffer.from(bytes.manifests.get(digest)?.bytes ?? []).toString()) as {
      manifests: unknown[];
    };
    expect(index.manifests[0]).toEqual(entry);
    expect(index.manifests).toHaveLength(2);
  });

  it('twice leaves one referrer', async () => {
    await using scene = await openScene({ referrersApi: false });
    const pusher = await scene.resolver.pusher(scene.reference);
    await attachArtifact(pusher, scene.image.descriptor, sbom);
    await attachArtifact(pusher, scene.image.descriptor, sbom);
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toHaveLength(1);
  });

  it('is refused before anything is pushed where the tag resolves to the subject (GitLab)', async () => {
    await using scene = await openScene({ referrersApi: false });
    scene.registry.store.add(repository, scene.image, { tag: referrersTag(scene.image.descriptor.digest) });
    const pusher = await scene.resolver.pusher(scene.reference);
    scene.registry.clearRequests();
    await expect(attachArtifact(pusher, scene.image.descriptor, sbom)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_TAG_CONFLICT',
    });
    expect(asked(scene.registry).filter((request) => !request.startsWith('GET'))).toEqual([]);
  });

  it('is refused before anything is pushed with fallbackHosts: false and no API', async () => {
    await using scene = await openScene({ referrersApi: false }, { fallbackHosts: false });
    const pusher = await scene.resolver.pusher(scene.reference);
    scene.registry.clearRequests();
    await expect(attachArtifact(pusher, scene.image.descriptor, sbom)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNSUPPORTED',
    });
    expect(asked(scene.registry)).toEqual(['GET referrers']);
  });

  it('maintains the tag as well when a registry has the API but does not say OCI-Subject (Quay)', async () => {
    await using scene = await openScene({
      rewrite: (request, answer) => {
        const headers = Object.entries(answer.headers).filter(([name]) => name.toLowerCase() !== 'oci-subject');
        return request.method === 'PUT' ? { ...answer, headers: Object.fromEntries(headers) } : answer;
      },
    });
    const pusher = await scene.resolver.pusher(scene.reference);
    await attachArtifact(pusher, scene.image.descriptor, sbom);
    expect([...scene.registry.store.repository(repository).tags.keys()]).toContain(
      referrersTag(scene.image.descriptor.digest),
    );
  });

  it('names the argument when the artifact type is not a media type', async () => {
    await using scene = await openScene();
    const pusher = await scene.resolver.pusher(scene.reference);
    await expect(
      attachArtifact(pusher, scene.image.descriptor, { ...sbom, artifactType: 'sbom' }),
    ).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument: 'artifact',
    });
  });
});

describe('pushing', () => {
  it('uploads a blob once and skips it the second time', async () => {
    await using scene = await openScene();
    const pusher = await scene.resolver.pusher(scene.reference);
    const [blob] = buildImage({ layers: [Buffer.from('new layer')] }).blobs.filter(
      ({ bytes }) => String(bytes) === 'new layer',
    );
    if (blob === undefined) throw new Error('no layer');
    expect(await pusher.push(blob.descriptor, blob.bytes)).toMatchObject({ uploaded: true });
    expect(await pusher.push(blob.descriptor, blob.bytes)).toMatchObject({ uploaded: false });
    expect(await pusher.exists(blob.descriptor)).toBe(true);
  });

  it('refuses bytes that are not what the descriptor says, before any request', async () => {
    await using scene = await openScene();
    const pusher = await scene.resolver.pusher(scene.reference);
    scene.registry.clearRequests();
    await expect(pusher.push({ ...scene.image.descriptor }, Buffer.from('{}'))).rejects.toMatchObject({
      code: 'ERR_OCI_SIZE_MISMATCH',
    });
    expect(scene.registry.requests).toEqual([]);
  });

  it('mounts a blob from another repository, and says so only when the registry did', async () => {
    await using scene = await openScene();
    const [blob] = scene.image.blobs;
    if (blob === undefined) throw new Error('no blob');
    const pusher = await scene.resolver.pusher(`${scene.registry.host}/team/copy:v1`);
    expect(await pusher.mount(blob.descriptor, repository)).toBe(true);
    expect(await pusher.mount({ ...blob.descriptor, digest: `sha256:${'0'.repeat(64)}` }, repository)).toBe(false);
  });

  it('takes no login page for content that is there', async () => {
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.method === 'HEAD'
          ? { status: 200, headers: { 'Content-Type': 'text/html', 'Content-Length': '4096' } }
          : answer,
    });
    const pusher = await scene.resolver.pusher(scene.reference);
    const blob = buildImage({ layers: [Buffer.from('not there yet')] }).blobs[0];
    if (blob === undefined) throw new Error('no blob');
    expect(await pusher.exists(scene.image.descriptor)).toBe(false);
    expect(await pusher.push(blob.descriptor, blob.bytes)).toMatchObject({ uploaded: true });
  });

  it('lets a registry that will not mount name nothing to delete at another origin', async () => {
    await using other = await startRegistry();
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.method === 'POST'
          ? { status: 202, headers: { Location: `${other.origin}/v2/drop/everything` } }
          : answer,
    });
    const pusher = await scene.resolver.pusher(scene.reference);
    expect(await pusher.mount(scene.image.descriptor, 'team/other')).toBe(false);
    expect(other.requests).toEqual([]);
  });

  it('moves a tag to a manifest that is there', async () => {
    await using scene = await openScene();
    const pusher = await scene.resolver.pusher(scene.reference);
    await pusher.tag(scene.image.descriptor, 'v2');
    expect((await pusher.resolveTag('v2'))?.digest).toBe(scene.image.descriptor.digest);
    expect(await pusher.resolveTag('v3')).toBeUndefined();
  });

  it('does not send credentials or headers to an upload location at another origin', async () => {
    await using other = await startRegistry();
    await using scene = await openScene(
      {
        auth: { type: 'basic', username: 'me', password: 'secret' },
        rewrite: (request, answer) =>
          request.method === 'POST' && request.endpoint === 'upload'
            ? { ...answer, headers: { ...answer.headers, Location: `${other.origin}/v2/team/app/blobs/uploads/1` } }
            : answer,
      },
      {
        credentials: () => ({ username: 'me', password: 'secret' }),
        headers: (host) => (host === other.host ? {} : { 'X-Api-Key': 'key' }),
      },
    );
    const pusher = await scene.resolver.pusher(scene.reference);
    const blob = buildImage({ layers: [Buffer.from('elsewhere')] }).blobs[0];
    if (blob === undefined) throw new Error('no blob');
    // Not found is the upload, and nothing that was named here.
    await expect(pusher.push(blob.descriptor, blob.bytes)).rejects.toMatchObject({ code: 'ERR_OCI_REGISTRY_STATUS' });
    expect(other.requests).toHaveLength(1);
    expect(other.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(other.requests[0]?.headers).not.toHaveProperty('x-api-key');
  });
});
