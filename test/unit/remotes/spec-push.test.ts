import { attachArtifact, type Descriptor, digestOf, type Pusher } from '@stellaops/oci-referrers';
import { buildImage, buildIndex, type RecordedRequest, type TestBlob } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, repository, type Scene, sbomType } from './setup.js';

// What the specification asks of a client that pushes, where no other test is about it; docs/spec-map.md lists all of it.

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

function newBlob(): TestBlob {
  const blob = buildImage({ layers: [Buffer.from('not there yet')] }).blobs[1];
  if (blob === undefined) throw new Error('no layer');
  return blob;
}

async function pushJson(pusher: Pusher, mediaType: string, value: unknown): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await pusher.push(descriptor, bytes);
  return descriptor;
}

async function attach(scene: Scene): Promise<Descriptor> {
  const pusher = await scene.resolver.pusher(scene.reference);
  return await attachArtifact(pusher, scene.image.descriptor, { artifactType: sbomType, files: [] });
}

describe('the upload of a blob', () => {
  it('goes to the URL the registry gave, to the letter, with the digest behind its own query', async () => {
    const query = '?_state=a%2Fb%3D%3D&flag&space=+%20';
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.method === 'POST'
          ? { ...answer, headers: { ...answer.headers, location: `${String(answer.headers['location'])}${query}` } }
          : answer,
    });
    const blob = newBlob();
    await (await scene.resolver.pusher(scene.reference)).push(blob.descriptor, blob.bytes);
    const sent = (method: string): RecordedRequest | undefined =>
      scene.registry.requests.find((request) => request.method === method);
    expect(sent('POST')?.headers['content-length']).toBe('0');
    expect(sent('PUT')?.url).toContain(`${query}&digest=${encodeURIComponent(blob.descriptor.digest)}`);
    expect(sent('PUT')?.headers).toMatchObject({
      'content-length': String(blob.bytes.length),
      'content-type': 'application/octet-stream',
    });
  });

  it.each(['blob', 'manifest'])('is an error when the registry says it stored another %s', async (kind) => {
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.method === 'PUT'
          ? { ...answer, headers: { ...answer.headers, 'docker-content-digest': `sha256:${'0'.repeat(64)}` } }
          : answer,
    });
    const pusher = await scene.resolver.pusher(scene.reference);
    const { descriptor, manifest } = scene.image;
    const blob = newBlob();
    await expect(
      kind === 'blob' ? pusher.push(blob.descriptor, blob.bytes) : pusher.push(descriptor, manifest),
    ).rejects.toMatchObject({ code: 'ERR_OCI_DIGEST_MISMATCH' });
  });
});

describe('the mount of a blob', () => {
  it('is an error when the registry says it mounted another one', async () => {
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.method === 'POST'
          ? { status: 201, headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } }
          : answer,
    });
    const pusher = await scene.resolver.pusher(scene.reference);
    await expect(pusher.mount(newBlob().descriptor, 'team/other')).rejects.toMatchObject({
      code: 'ERR_OCI_DIGEST_MISMATCH',
    });
  });
});

describe('the push of a manifest', () => {
  it('carries its media type, without parameters', async () => {
    await using scene = await openScene();
    await attach(scene);
    const types = scene.registry.requests
      .filter((request) => request.method === 'PUT' && request.endpoint === 'manifest')
      .map((request) => request.headers['content-type']);
    expect(types).toEqual([manifestType]);
  });

  it('under another type than its mediaType is refused before any request', async () => {
    await using scene = await openScene();
    const pusher = await scene.resolver.pusher(scene.reference);
    scene.registry.clearRequests();
    const index = { schemaVersion: 2, mediaType: manifestType, manifests: [] };
    await expect(pushJson(pusher, indexType, index)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_CONTENT_TYPE' });
    expect(scene.registry.requests).toEqual([]);
  });

  it('of 4 MiB is accepted, and so is its way back', async () => {
    await using scene = await openScene();
    const pusher = await scene.resolver.pusher(scene.reference);
    const index = { schemaVersion: 2, mediaType: indexType, manifests: [], annotations: { padding: '' } };
    index.annotations.padding = 'x'.repeat(4 * 1024 * 1024 - JSON.stringify(index).length);
    const pushed = await pushJson(pusher, indexType, index);
    expect(pushed.size).toBe(4_194_304);
    const { body } = await scene.fetcher.fetchByDigest(pushed.digest);
    let size = 0;
    for await (const chunk of body) size += (chunk as Buffer).length;
    expect(size).toBe(pushed.size);
  });
});

describe('an artifact that is attached', () => {
  it('has mediaType, artifactType, the empty config, and a layer even where it has no file', async () => {
    await using scene = await openScene();
    const { digest } = await attach(scene);
    const stored = scene.registry.store.repository(repository).manifests.get(digest);
    const empty = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 };
    expect(JSON.parse(Buffer.from(stored?.bytes ?? []).toString())).toEqual({
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: sbomType,
      config: empty,
      layers: [empty],
      subject: scene.image.descriptor,
    });
  });
});

describe('a referrer whose subject is not there', () => {
  it.each([true, false])('can be pushed before it, and is found (API: %s)', async (referrersApi) => {
    await using scene = await openScene({ referrersApi });
    const subject = buildImage({ layers: [Buffer.from('comes later')] });
    const pusher = await scene.resolver.pusher(scene.reference);
    const sbom = await attachArtifact(pusher, subject.descriptor, { artifactType: sbomType, files: [] });
    const found = await scene.fetcher.fetchReferrers(subject.descriptor);
    expect(found.map(({ digest }) => digest)).toEqual([sbom.digest]);
  });
});

describe('the entry of a referrer under the tag', () => {
  it('has the type of the config where the manifest has no artifactType, and none for an index', async () => {
    await using scene = await openScene({ referrersApi: false });
    const pusher = await scene.resolver.pusher(scene.reference);
    const { descriptor: subject, blobs } = scene.image;
    const [config] = blobs;
    const annotations = { one: '1', two: '2' };
    const common = { schemaVersion: 2, subject, annotations };
    const manifest = { ...common, mediaType: manifestType, config: config?.descriptor, layers: [] };
    const plain = await pushJson(pusher, manifestType, manifest);
    const index = buildIndex([], { subject, annotations });
    await pusher.push(index.descriptor, index.manifest);
    expect(await scene.fetcher.fetchReferrers(subject)).toEqual([
      { ...plain, artifactType: config?.descriptor.mediaType, annotations },
      index.descriptor,
    ]);
  });
});
