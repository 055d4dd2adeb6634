import { createResolver, type Descriptor, referrersTag } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, type RegistryAnswer, startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { asked, openScene, repository, sbomType, signatureType } from './setup.js';

const digests = (list: readonly Descriptor[]): string[] => list.map(({ digest }) => digest).sort();

function says(code: string): RegistryAnswer {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message: 'said by a test' }] }));
  return { status: 404, headers: { 'content-type': 'application/json' }, body };
}

describe('a list', () => {
  it('has what only a mirror lists too', async () => {
    const image = buildImage();
    const artifact = (content: string): ReturnType<typeof buildArtifact> =>
      buildArtifact({ artifactType: sbomType, subject: image.descriptor, content });
    const [both, atMirror, atRegistry] = [artifact('both'), artifact('mirror'), artifact('registry')];
    await using mirror = await startRegistry();
    await using upstream = await startRegistry();
    for (const content of [image, both, atMirror]) mirror.store.add(repository, content);
    for (const content of [image, both, atRegistry]) upstream.store.add(repository, content);
    await using resolver = createResolver({
      retry: 0,
      credentials: () => ({ anonymous: true }),
      hosts: () => [
        { host: mirror.host, capabilities: ['referrers'] },
        { host: upstream.host, capabilities: ['pull', 'referrers'], authoritative: true },
      ],
    });
    const fetcher = await resolver.fetcher(`registry.example.com/${repository}:v1`);
    const list = await fetcher.listReferrers(image.descriptor);
    expect(digests(list.referrers)).toEqual(digests([both, atMirror, atRegistry].map((one) => one.descriptor)));
    expect(list.warnings).toEqual([expect.stringContaining('has 1 referrers the registry has not, and lacks 1')]);
  });

  it('that is united with a referrers tag is not filtered by the server: what it hides would seem to be in the tag alone', async () => {
    await using scene = await openScene();
    const sbom = scene.addReferrer(sbomType, 'sbom').descriptor;
    const signature = scene.addReferrer(signatureType, 'signature').descriptor;
    scene.registry.store.setReferrersTag(repository, scene.image.descriptor, [sbom, signature]);
    const asking = { artifactTypes: [sbomType], includeTagSchema: true };
    const list = await scene.fetcher.listReferrers(scene.image.descriptor, asking);
    expect(list).toMatchObject({ warnings: [], filterAppliedBy: 'client' });
    expect(digests(list.referrers)).toEqual([sbom.digest]);
    expect(scene.registry.requests.some(({ query }) => query.has('artifactType'))).toBe(false);
  });

  it("of one type leaves out what is under cosign's older tags, and says so", async () => {
    await using scene = await openScene({}, { legacyTags: true });
    const tag = `${referrersTag(scene.image.descriptor.digest)}.sig`;
    scene.registry.store.add(repository, buildImage({ layers: [Buffer.from('signature')] }), { tag });
    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { artifactTypes: [sbomType] });
    expect(list).toMatchObject({ referrers: [], legacy: [] });
    expect(list.warnings).toEqual([expect.stringContaining('1 artifacts under older tags')]);
  });

  it('whose pages another origin gives is read to its end: a relative link means the list that was asked for', async () => {
    await using other = await startRegistry({ pageSize: 1 });
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.endpoint === 'referrers'
          ? { status: 307, headers: { location: `${other.origin}${request.url}` } }
          : answer,
    });
    for (const content of ['a', 'b']) other.store.add(repository, scene.addReferrer(sbomType, content));
    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list).toMatchObject({ pages: 2, source: 'api' });
    expect(list.referrers).toHaveLength(2);
  });

  it('that is larger than any may be is an error in a 404 too', async () => {
    await using scene = await openScene(
      {
        rewrite: (request, answer) => (request.endpoint === 'referrers' ? { ...answer, status: 404 } : answer),
      },
      { limits: { maxManifestBytes: 300 } },
    );
    for (const content of ['a', 'b', 'c']) scene.addReferrer(sbomType, content);
    await expect(scene.fetcher.listReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_BAD_JSON',
    });
  });
});

describe('an empty list is not believed', () => {
  it('of a subject nobody has seen, because the API was found missing for another', async () => {
    await using scene = await openScene({ referrersApi: false });
    const { descriptor } = await scene.resolver.resolve(scene.reference);
    expect(await scene.fetcher.fetchReferrers(descriptor)).toEqual([]);
    scene.registry.clearRequests();
    const unknown = { ...descriptor, digest: `sha256:${'0'.repeat(64)}` };
    await expect(scene.fetcher.listReferrers(unknown)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
    });
    expect(asked(scene.registry)).toEqual(['GET manifest', 'HEAD manifest']);
  });

  it.each(['referrers', 'manifest'])('of a repository that is unknown by the answer for %s alone', async (endpoint) => {
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) => {
        if (answer.status !== 404) return answer;
        return request.endpoint === endpoint ? says('NAME_UNKNOWN') : { status: 404, headers: {} };
      },
    });
    const fetcher = await scene.resolver.fetcher(`${scene.registry.host}/team/typo`);
    await expect(fetcher.listReferrers(scene.image.descriptor)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
  });

  it('of an unknown subject, because another origin says that there is no referrers tag', async () => {
    await using other = await startRegistry();
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) =>
        request.reference?.startsWith('sha256-') === true
          ? { status: 303, headers: { location: `${other.origin}/not/there` } }
          : answer,
    });
    const unknown = { ...scene.image.descriptor, digest: `sha256:${'0'.repeat(64)}` };
    await expect(scene.fetcher.listReferrers(unknown)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
    });
  });

  it('but JSON of another origin that is no list is no fault of it either', async () => {
    await using other = await startRegistry({
      rewrite: () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from('{}') }),
    });
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.endpoint === 'referrers' ? { status: 307, headers: { location: `${other.origin}/x` } } : answer,
    });
    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list).toMatchObject({ referrers: [], source: 'tag-schema' });
    expect(list.attempts.map(({ rule }) => rule)).toEqual(['redirect-to-other-origin', 'tag-absent', 'subject-known']);
  });

  it('that an account may not see under the referrers tag, where the registry says so with a 404', async () => {
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) =>
        request.endpoint === 'manifest' && answer.status === 404 ? says('UNAUTHORIZED') : answer,
    });
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_UNAUTHORIZED',
    });
  });
});

describe('the referrers tag of a subject with a sha512 digest', () => {
  it('is known to be the subject itself where the registry resolves it to that (GitLab)', async () => {
    await using scene = await openScene({ referrersApi: false });
    const image = buildImage({ algorithm: 'sha512' });
    const tag = referrersTag(image.descriptor.digest);
    scene.registry.store.putManifest(repository, image.descriptor.digest, image.manifest, image.descriptor.mediaType);
    scene.registry.store.repository(repository).tags.set(tag, image.descriptor.digest);
    const list = await scene.fetcher.listReferrers(image.descriptor);
    expect(list).toMatchObject({ referrers: [], warnings: [expect.stringContaining('tag-aliases-subject')] });
  });
});
