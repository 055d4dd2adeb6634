import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { openScene, repository, sbomType } from './setup.js';

// What the specification asks of a client that pulls, where no other test is about it; docs/spec-map.md lists all of it.

const indexType = 'application/vnd.oci.image.index.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

describe('a request for a manifest', () => {
  it('says which types are understood, by tag, by digest and for a list of referrers', async () => {
    await using scene = await openScene();
    await scene.resolver.resolve(scene.reference);
    await scene.fetcher.fetch(scene.image.descriptor);
    await scene.fetcher.fetchReferrers(scene.image.descriptor);
    const accepted = scene.registry.requests.map(({ method, headers }) => [method, headers['accept']?.split(', ')]);
    expect(accepted).toEqual([
      ['HEAD', expect.arrayContaining([indexType, manifestType])],
      ['GET', expect.arrayContaining([indexType, manifestType])],
      ['GET', [indexType]],
    ]);
  });
});

describe('a manifest', () => {
  it('is one whatever parameters its Content-Type has', async () => {
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.endpoint === 'manifest'
          ? { ...answer, headers: { ...answer.headers, 'content-type': `${manifestType}; charset=utf-8` } }
          : answer,
    });
    expect((await scene.resolver.resolve(scene.reference)).descriptor).toEqual(scene.image.descriptor);
    expect(await buffer(await scene.fetcher.fetch(scene.image.descriptor))).toEqual(Buffer.from(scene.image.manifest));
  });

  it('needs no header of Docker', async () => {
    await using scene = await openScene({
      rewrite: (_request, answer) => ({
        ...answer,
        headers: Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !name.startsWith('docker-'))),
      }),
    });
    expect((await scene.resolver.resolve(scene.reference)).descriptor).toEqual(scene.image.descriptor);
  });

  it('is held against the digest that was asked for, not against the one in the header', async () => {
    await using scene = await openScene();
    const { manifests } = scene.registry.store.repository(repository);
    const { digest } = scene.image.descriptor;
    manifests.set(digest, { mediaType: manifestType, bytes: Buffer.from('{"schemaVersion":2}') });
    await expect(scene.fetcher.fetchByDigest(digest, { kind: 'manifest' })).rejects.toMatchObject({
      code: 'ERR_OCI_DIGEST_MISMATCH',
    });
  });

  it('that calls itself something else than its Content-Type is refused where it is read', async () => {
    const dockerType = 'application/vnd.docker.distribution.manifest.v2+json';
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.endpoint === 'manifest'
          ? { ...answer, headers: { ...answer.headers, 'content-type': dockerType } }
          : answer,
    });
    scene.addReferrer(sbomType, 'sbom');
    await expect(scene.fetcher.listReferrers(scene.image.descriptor, { resolveTypes: true })).rejects.toMatchObject({
      code: 'ERR_OCI_BAD_CONTENT_TYPE',
    });
  });
});
