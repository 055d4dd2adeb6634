import { createResolver, type Descriptor, discoverReferrers, referrersTag } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, type RegistryAnswer, startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it, vi } from 'vitest';
import { openScene, repository, sbomType } from './setup.js';

const denial: RegistryAnswer = { status: 404, headers: {}, body: Buffer.from('404 page not found\n') };
const denied: RegistryAnswer = {
  status: 404,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}'),
};
const loginPage: RegistryAnswer = {
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from('<html>log in</html>'),
};
const anonymous = { retry: 0 as const, credentials: () => ({ anonymous: true as const }) };

describe('a list of referrers is not taken for empty', () => {
  it('after its first page was there, its second was not, and the next answer denies the API', async () => {
    let asked = 0;
    await using scene = await openScene({
      pageSize: 1,
      rewrite: (request, answer) => (request.endpoint === 'referrers' && asked++ > 0 ? denial : answer),
    });
    scene.addReferrer(sbomType, 'a');
    scene.addReferrer(sbomType, 'b');
    const { descriptor } = await scene.resolver.resolve(scene.reference);
    await expect(scene.fetcher.listReferrers(descriptor)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_SCHEMA' });
    await expect(scene.fetcher.listReferrers(descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_INCONSISTENT',
    });
  });

  it('because its API was missing longer ago than capabilityTtlMs', async () => {
    const answers = [denial];
    await using scene = await openScene(
      { rewrite: (request, answer) => (request.endpoint === 'referrers' ? (answers.shift() ?? answer) : answer) },
      { capabilityTtlMs: 1 },
    );
    const { descriptor } = await scene.resolver.resolve(scene.reference);
    expect(await scene.fetcher.fetchReferrers(descriptor)).toEqual([]);
    scene.addReferrer(sbomType, 'pushed since');
    await vi.waitFor(async () => {
      expect(await scene.fetcher.fetchReferrers(descriptor)).toHaveLength(1);
    });
  });

  it('by an export whose API was denied once, though a plain listing was the first to see it again', async () => {
    const answers = [loginPage];
    await using scene = await openScene({
      rewrite: (request, answer) => (request.endpoint === 'referrers' ? (answers.shift() ?? answer) : answer),
    });
    const sbom = scene.addReferrer(sbomType, 'sbom').descriptor;
    const confirmed = async (subject: Descriptor): Promise<unknown> =>
      await scene.fetcher.listReferrers(subject, { confirmSubject: true });
    expect(await confirmed(scene.image.descriptor)).toMatchObject({ referrers: [], source: 'tag-schema' });
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toHaveLength(1);
    await expect(confirmed(sbom)).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_INCONSISTENT' });
  });

  it('of the wrong registry: the next page is asked for with the `ns` of the first', async () => {
    const image = buildImage();
    await using mirror = await startRegistry({
      pageSize: 1,
      tagsPageSize: 1,
      // As containerd has it: which registry is meant stands in the query, which the mirror's links know nothing of.
      rewrite: (request, answer) => {
        if (request.query.get('ns') !== 'registry.example.com') return { status: 404, headers: {} };
        const { link } = answer.headers;
        const without = typeof link === 'string' ? link.replace(/ns=[^&>]*&?/, '') : undefined;
        return without === undefined ? answer : { ...answer, headers: { ...answer.headers, link: without } };
      },
    });
    mirror.store.add(repository, image, { tag: 'v1' });
    for (const content of ['a', 'b', 'c'])
      mirror.store.add(repository, buildArtifact({ artifactType: sbomType, subject: image.descriptor, content }));
    const tag = `${referrersTag(image.descriptor.digest)}.custom`;
    mirror.store.add(repository, buildImage({ layers: [Buffer.from('custom')] }), { tag });
    await using resolver = createResolver({
      ...anonymous,
      hosts: () => [{ host: mirror.host, capabilities: ['pull', 'resolve', 'referrers'], authoritative: true }],
    });
    const fetcher = await resolver.fetcher(`registry.example.com/${repository}:v1`);
    const list = await fetcher.listReferrers(image.descriptor, { legacyTags: true });
    expect(list).toMatchObject({ pages: 3, legacy: [{ tag }] });
    expect(list.referrers).toHaveLength(3);
  });
});

describe("cosign's older tags", () => {
  it('are not left out because the account may not list tags, where the registry says so with a 404', async () => {
    await using scene = await openScene(
      { rewrite: (request, answer) => (request.endpoint === 'tags' ? denied : answer) },
      { legacyTags: true },
    );
    const tag = `${referrersTag(scene.image.descriptor.digest)}.custom`;
    scene.registry.store.add(repository, buildImage({ layers: [Buffer.from('custom')] }), { tag });
    await expect(scene.fetcher.listReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_DENIED',
    });
  });

  it.each([
    ['is not there', { status: 404, headers: {} }, 'ERR_OCI_NOT_FOUND'],
    [
      'is said to be at another path',
      { status: 200, headers: { link: '</v2/a/tags/list>; rel="next"' } },
      'ERR_OCI_BAD_LINK',
    ],
    [
      'is said to be at another origin',
      { status: 200, headers: { link: '<https://a.example/>; rel="next"' } },
      'ERR_OCI_BAD_LINK',
    ],
  ])('are not left out because a further page of the list of tags %s', async (_, page, code) => {
    await using scene = await openScene(
      {
        tagsPageSize: 1,
        rewrite: (request, answer) =>
          request.endpoint === 'tags' && request.query.has('last') ? { ...answer, ...page } : answer,
      },
      { legacyTags: true },
    );
    scene.registry.store.add(repository, scene.image, { tag: 'v0' });
    await expect(scene.fetcher.listReferrers(scene.image.descriptor)).rejects.toMatchObject({ code });
  });

  it('are found by name where the list of tags is cut short in silence', async () => {
    const short = Buffer.from(JSON.stringify({ name: repository, tags: [] }));
    await using scene = await openScene(
      { rewrite: (request, answer) => (request.endpoint === 'tags' ? { ...answer, body: short } : answer) },
      { legacyTags: true },
    );
    const tag = `${referrersTag(scene.image.descriptor.digest)}.att`;
    scene.registry.store.add(repository, buildImage({ layers: [Buffer.from('attestation')] }), { tag });
    const { legacy } = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(legacy.map((entry) => entry.tag)).toEqual([tag]);
  });

  it('are not left out because another origin says that there is no list of tags', async () => {
    await using other = await startRegistry();
    await using scene = await openScene(
      {
        rewrite: (request, answer) =>
          request.endpoint === 'tags' ? { status: 303, headers: { location: `${other.origin}/x` } } : answer,
      },
      { legacyTags: true },
    );
    await expect(scene.fetcher.listReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_NOT_FOUND',
    });
  });

  it('that carry the same artifact twice are said to be two, as a closure keeps one of them', async () => {
    await using scene = await openScene({}, { legacyTags: true });
    const tag = referrersTag(scene.image.descriptor.digest);
    const signature = buildImage({ layers: [Buffer.from('signature')] });
    for (const suffix of ['sig', 'custom'])
      scene.registry.store.add(repository, signature, { tag: `${tag}.${suffix}` });
    const { warnings } = await discoverReferrers(scene.fetcher, scene.image.descriptor);
    expect(warnings).toEqual([expect.stringContaining(`${tag}.custom carries the same artifact`)]);
  });
});
