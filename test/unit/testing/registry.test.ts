import { expect, test } from 'vitest';
import { buildArtifact, buildImage, startRegistry } from '../../../src/testing/index.js';

test('content that was put into the store is served, and its referrers are listed', async () => {
  await using registry = await startRegistry();
  const image = buildImage();
  const sbom = buildArtifact({ artifactType: 'application/spdx+json', subject: image.descriptor, content: '{}' });
  registry.store.add('team/app', image, { tag: '1.0' });
  registry.store.add('team/app', sbom);
  const manifest = await fetch(`${registry.origin}/v2/team/app/manifests/1.0`);
  expect(manifest.headers.get('docker-content-digest')).toBe(image.descriptor.digest);
  expect(new Uint8Array(await manifest.arrayBuffer())).toEqual(new Uint8Array(image.manifest));
  const list = await fetch(`${registry.origin}/v2/team/app/referrers/${image.descriptor.digest}`);
  expect(list.status).toBe(200);
  expect(await list.json()).toMatchObject({ manifests: [sbom.descriptor] });
  expect(registry.requests.map(({ endpoint, status }) => [endpoint, status])).toEqual([
    ['manifest', 200],
    ['referrers', 200],
  ]);
});
