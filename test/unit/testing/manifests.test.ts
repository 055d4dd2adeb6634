import { expect, test } from 'vitest';
import { digestOf } from '../../../src/oci/digest.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import { buildArtifact, buildImage, buildIndex, startRegistry, type TestRegistry } from '../../../src/testing/index.js';
import { errorCode, locationOf, pushBlob, pushManifest } from './http.js';

const image = buildImage();
const sbom = buildArtifact({ artifactType: 'application/spdx+json', subject: image.descriptor, content: '{}' });

async function pushImage(registry: TestRegistry, reference?: string): Promise<Response> {
  for (const blob of image.blobs) await pushBlob(registry, 'team/app', blob.bytes);
  return await pushManifest(registry, 'team/app', image, reference);
}

test('a pushed image comes back byte for byte, by tag and by digest', async () => {
  await using registry = await startRegistry();
  const pushed = await pushImage(registry, '1.0');
  expect(pushed.status).toBe(201);
  expect(pushed.headers.get('oci-subject')).toBeNull();
  expect(locationOf(registry, pushed).pathname).toBe(`/v2/team/app/manifests/${image.descriptor.digest}`);
  for (const reference of ['1.0', image.descriptor.digest]) {
    const read = await fetch(`${registry.origin}/v2/team/app/manifests/${reference}`);
    expect(read.headers.get('content-type')).toBe(mediaTypes.ociManifest);
    expect(read.headers.get('docker-content-digest')).toBe(image.descriptor.digest);
    expect(Buffer.from(await read.arrayBuffer())).toEqual(image.manifest);
  }
  const head = await fetch(`${registry.origin}/v2/team/app/manifests/1.0`, { method: 'HEAD' });
  expect(head.headers.get('content-length')).toBe(String(image.manifest.length));
});

test('a manifest pushed by sha512 is known by sha512', async () => {
  await using registry = await startRegistry();
  const index = buildIndex([image], { algorithm: 'sha512' });
  const pushed = await pushManifest(registry, 'team/app', index);
  expect(pushed.status).toBe(201);
  expect(pushed.headers.get('docker-content-digest')).toMatch(/^sha512:/);
  expect((await fetch(locationOf(registry, pushed))).status).toBe(200);
});

test('a manifest under a digest that is not its own is refused', async () => {
  await using registry = await startRegistry();
  for (const digest of [
    digestOf(Buffer.from('other')),
    'sha256:baddigeststring',
    'md5:d41d8cd98f00b204e9800998ecf8427e',
  ]) {
    const refused = await pushManifest(registry, 'team/app', image, digest);
    expect([refused.status, await errorCode(refused)]).toEqual([400, 'DIGEST_INVALID']);
  }
});

test('an image whose blobs are missing is refused, an index whose images are missing is not', async () => {
  await using registry = await startRegistry();
  const refused = await pushManifest(registry, 'team/app', image);
  expect([refused.status, await errorCode(refused)]).toEqual([404, 'MANIFEST_BLOB_UNKNOWN']);
  expect((await pushManifest(registry, 'team/app', buildIndex([image]))).status).toBe(201);
});

test('layers that are kept elsewhere need not be there', async () => {
  await using registry = await startRegistry();
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from('{}')), size: 2 };
  const layer = {
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
    digest: digestOf(Buffer.from('elsewhere')),
    size: 9,
    urls: ['https://store.example.com/layer'],
  };
  await pushBlob(registry, 'team/app', Buffer.from('{}'));
  const pushed = await fetch(`${registry.origin}/v2/team/app/manifests/1.0`, {
    method: 'PUT',
    headers: { 'content-type': mediaTypes.ociManifest },
    body: JSON.stringify({ schemaVersion: 2, config, layers: [layer] }),
  });
  expect(pushed.status).toBe(201);
});

test.each([
  ['no JSON', mediaTypes.ociManifest, '{"schemaVersion":2'],
  ['no object', mediaTypes.ociManifest, '[]'],
  ['another media type than its own', mediaTypes.ociManifest, `{"mediaType":"${mediaTypes.ociIndex}"}`],
  ['no media type', '', '{}'],
  ['a subject that cannot be', mediaTypes.ociManifest, '{"subject":{"digest":"sha256:\\n"}}'],
])('a manifest with %s is refused', async (_what, type, body) => {
  await using registry = await startRegistry();
  const url = `${registry.origin}/v2/team/app/manifests/1.0`;
  const refused = await fetch(url, { method: 'PUT', headers: { 'content-type': type }, body });
  expect([refused.status, await errorCode(refused)]).toEqual([400, 'MANIFEST_INVALID']);
});

test('a manifest over 4 MiB is refused with 413, one of 4 MiB is not', async () => {
  await using registry = await startRegistry();
  const url = `${registry.origin}/v2/team/app/manifests/1.0`;
  const headers = { 'content-type': mediaTypes.ociIndex };
  const largest = Buffer.alloc(4 * 1024 * 1024, ' ');
  largest.write('{"schemaVersion":2,"manifests":[]}');
  expect((await fetch(url, { method: 'PUT', headers, body: largest })).status).toBe(201);
  const refused = await fetch(url, { method: 'PUT', headers, body: Buffer.concat([largest, Buffer.from(' ')]) });
  expect(refused.status).toBe(413);
});

test('a referrer is taken without its subject, and OCI-Subject says that the registry keeps the list', async () => {
  await using registry = await startRegistry();
  for (const blob of sbom.blobs) await pushBlob(registry, 'team/app', blob.bytes);
  const pushed = await pushManifest(registry, 'team/app', sbom);
  expect([pushed.status, pushed.headers.get('oci-subject')]).toEqual([201, image.descriptor.digest]);
});

test('OCI-Subject is absent where the registry has no referrers API', async () => {
  await using registry = await startRegistry({ referrersApi: false });
  for (const blob of sbom.blobs) await pushBlob(registry, 'team/app', blob.bytes);
  const pushed = await pushManifest(registry, 'team/app', sbom);
  expect([pushed.status, pushed.headers.get('oci-subject')]).toEqual([201, null]);
});

test('deleting a tag keeps the manifest, deleting the manifest drops its tags', async () => {
  await using registry = await startRegistry();
  registry.store.add('team/app', image, { tag: '1.0' });
  registry.store.add('team/app', image, { tag: 'latest' });
  const manifests = `${registry.origin}/v2/team/app/manifests`;
  expect((await fetch(`${manifests}/1.0`, { method: 'DELETE' })).status).toBe(202);
  expect((await fetch(`${manifests}/1.0`)).status).toBe(404);
  expect((await fetch(`${manifests}/latest`)).status).toBe(200);
  expect((await fetch(`${manifests}/${image.descriptor.digest}`, { method: 'DELETE' })).status).toBe(202);
  const gone = await fetch(`${manifests}/latest`);
  expect([gone.status, await errorCode(gone)]).toEqual([404, 'MANIFEST_UNKNOWN']);
  expect((await fetch(`${manifests}/${image.descriptor.digest}`, { method: 'DELETE' })).status).toBe(404);
});

test('a repository nobody has pushed to is unknown by name', async () => {
  await using registry = await startRegistry();
  const response = await fetch(`${registry.origin}/v2/team/app/manifests/1.0`);
  expect([response.status, await errorCode(response)]).toEqual([404, 'NAME_UNKNOWN']);
});
