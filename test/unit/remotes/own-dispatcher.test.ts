import { buffer } from 'node:stream/consumers';
import { createResolver, type ResolverOptions } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { repository, sbomType } from '../../support/artifact-types.js';

type Dispatcher = NonNullable<ResolverOptions['dispatcher']>;

/** What Node's own fetch uses: with Node 20 it is of undici 6, whose handlers have another form. */
async function nodesOwn(): Promise<Dispatcher> {
  await fetch('data:,');
  const symbol = Symbol.for('undici.globalDispatcher.1');
  return (globalThis as unknown as Record<symbol, Dispatcher>)[symbol] as Dispatcher;
}

test("Node's own dispatcher lists, and fetches what is small and what is large", async () => {
  const large = Buffer.alloc(3_000_000, 'layer');
  const image = buildImage({ layers: [large] });
  await using registry: TestRegistry = await startRegistry();
  registry.store.add(repository, image);
  registry.store.add(repository, buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: '{}' }));
  await using resolver = createResolver({
    dispatcher: await nodesOwn(),
    credentials: () => ({ anonymous: true }),
  });
  const fetcher = await resolver.fetcher(`${registry.host}/${repository}@${image.descriptor.digest}`);
  expect(await fetcher.fetchReferrers(image.descriptor)).toHaveLength(1);
  for (const { descriptor, bytes } of image.blobs) {
    expect((await buffer(await fetcher.fetch(descriptor))).equals(Buffer.from(bytes))).toBe(true);
  }
  await expect(fetcher.fetch({ ...image.descriptor, digest: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({
    code: 'ERR_OCI_NOT_FOUND',
  });
});
