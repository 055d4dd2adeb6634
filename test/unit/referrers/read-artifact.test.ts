import { attachArtifact, createResolver, readArtifact } from '@stellaops/oci-referrers';
import { buildImage, buildIndex, startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';

test('an artifact is read as it was attached: type, subject, annotations, files', async () => {
  await using registry = await startRegistry();
  await using resolver = createResolver({ retry: { maxRetries: 0 } });
  const image = registry.store.add('team/app', buildImage(), { tag: '1.0' });
  const pusher = await resolver.pusher(`${registry.host}/team/app`);
  const annotations = { 'org.opencontainers.image.title': 'a.json' };
  const mediaType = 'application/json';
  const files = [{ mediaType, content: Buffer.from('{"a":1}'), annotations }];
  const made = await attachArtifact(pusher, image, { artifactType: 'a/b', files, annotations: { k: 'v' } });
  const artifact = await readArtifact(pusher, made);
  expect(artifact).toMatchObject({
    artifactType: 'a/b',
    subject: { digest: image.digest },
    annotations: { k: 'v' },
    config: { mediaType: 'application/vnd.oci.empty.v1+json' },
    files: [{ size: 7, annotations }],
  });
  const [file] = artifact.files;
  if (file === undefined) throw new Error('there is one');
  expect(Buffer.concat(await (await pusher.fetch(file)).toArray()).toString()).toBe('{"a":1}');
});

test('an index has no files, and is refused', async () => {
  await using registry = await startRegistry();
  await using resolver = createResolver();
  const index = registry.store.add('team/app', buildIndex([buildImage()]), { tag: '1.0' });
  const fetcher = await resolver.fetcher(`${registry.host}/team/app`);
  await expect(readArtifact(fetcher, index)).rejects.toMatchObject({
    code: 'ERR_OCI_INVALID_DESCRIPTOR',
    hint: 'name one of its manifests by digest',
  });
});
