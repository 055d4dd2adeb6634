import { digestOf, referrersTag } from '@stellaops/oci-referrers';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, repository, sbomType } from './setup.js';

describe('the referrers tag of a registry without the API', () => {
  it('is built by the table of the specification, sha512 cut at 64 characters', () => {
    expect(referrersTag(`sha256:${'a'.repeat(64)}`)).toBe(`sha256-${'a'.repeat(64)}`);
    expect(referrersTag(`sha512:${'b'.repeat(128)}`)).toBe(`sha512-${'b'.repeat(64)}`);
  });

  it('that resolves to the subject (GitLab) gives an empty list with a warning', async () => {
    await using scene = await openScene({ referrersApi: false });
    scene.registry.store.add(repository, scene.image, { tag: referrersTag(scene.image.descriptor.digest) });
    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list.referrers).toEqual([]);
    expect(list.warnings).toEqual([expect.stringContaining('tag-aliases-subject')]);
  });

  it('that holds another image is an error, not an empty list', async () => {
    await using scene = await openScene({ referrersApi: false });
    const other = buildImage({ layers: [Buffer.from('other')] });
    scene.registry.store.add(repository, other, { tag: referrersTag(scene.image.descriptor.digest) });
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_TAG_INVALID',
    });
  });

  it('that lists the subject is an error', async () => {
    await using scene = await openScene({ referrersApi: false });
    scene.registry.store.setReferrersTag(repository, scene.image.descriptor, [scene.image.descriptor]);
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_TAG_INVALID',
    });
  });

  it('whose body is not what its digest header says is an error', async () => {
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) =>
        request.endpoint === 'manifest' &&
        request.reference?.startsWith('sha256-') === true &&
        answer.body !== undefined
          ? { ...answer, headers: { ...answer.headers, 'Docker-Content-Digest': `sha256:${'0'.repeat(64)}` } }
          : answer,
    });
    scene.addReferrer(sbomType, 'sbom');
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_DIGEST_MISMATCH',
    });
  });

  it('that cannot be read is an error, however the API answered', async () => {
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) =>
        request.endpoint === 'manifest' && request.reference?.startsWith('sha256-') === true
          ? { status: 500, headers: {} }
          : answer,
    });
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      attempts: [{ endpoint: 'referrers' }, { endpoint: 'tag', status: 500 }],
    });
  });

  it('that holds a Docker list is an error', async () => {
    await using scene = await openScene({ referrersApi: false });
    const list = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    const type = 'application/vnd.docker.distribution.manifest.list.v2+json';
    const tag = referrersTag(scene.image.descriptor.digest);
    scene.registry.store.putManifest(repository, digestOf(list), list, type);
    scene.registry.store.repository(repository).tags.set(tag, digestOf(list));
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_TAG_INVALID',
    });
  });

  it('that the account may not see is an error', async () => {
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) =>
        request.endpoint === 'manifest' && answer.status === 404
          ? { ...answer, body: Buffer.from('{"errors":[{"code":"DENIED","message":"no"}]}') }
          : answer,
    });
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_DENIED',
    });
  });

  it('does not make a mistyped repository look like an image without referrers', async () => {
    await using scene = await openScene({ referrersApi: false });
    const fetcher = await scene.resolver.fetcher(`${scene.registry.host}/team/typo:v1`);
    await expect(fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
  });
});

describe("cosign's older tags", () => {
  it('are found with legacyTags and carry their tag along', async () => {
    await using scene = await openScene({ referrersApi: false }, { legacyTags: true });
    const tag = `${referrersTag(scene.image.descriptor.digest)}.sig`;
    const signature = buildImage({ layers: [Buffer.from('signature')] });
    scene.registry.store.add(repository, signature, { tag });
    const custom = buildImage({ layers: [Buffer.from('custom')] });
    scene.registry.store.add(repository, custom, { tag: `${referrersTag(scene.image.descriptor.digest)}.custom` });

    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list.legacy.map((entry) => entry.tag.split('.')[1])).toEqual(['custom', 'sig']);
    const flat = await scene.fetcher.fetchReferrers(scene.image.descriptor);
    expect(flat.map((referrer) => referrer.digest)).toContain(signature.descriptor.digest);
  });

  it('are not asked for without it', async () => {
    await using scene = await openScene();
    await scene.fetcher.fetchReferrers(scene.image.descriptor);
    expect(scene.registry.requests.map((request) => request.endpoint)).toEqual(['referrers']);
  });
});
