import { BundleWriter, type Descriptor, referrersTag } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, type TestContent } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, repository, type Scene, sbomType, signatureType } from './setup.js';

/** A registry that got the referrers API in mid-life: it lists what was pushed since, and the tag lists the rest. */
async function openUpgraded(options: Parameters<typeof openScene>[1] = {}): Promise<Scene & { old: TestContent }> {
  const image = buildImage();
  const old = buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: 'pushed before' });
  const scene = await openScene(
    {
      rewrite: (request, answer) => {
        if (request.endpoint !== 'referrers' || answer.body === undefined) return answer;
        const list = JSON.parse(Buffer.from(answer.body).toString()) as { manifests: Descriptor[] };
        const manifests = list.manifests.filter(({ digest }) => digest !== old.descriptor.digest);
        return { ...answer, body: Buffer.from(JSON.stringify({ ...list, manifests })) };
      },
    },
    options,
  );
  scene.registry.store.add(repository, old);
  scene.registry.store.setReferrersTag(repository, image.descriptor, [old.descriptor]);
  return { ...scene, old };
}

const digests = (descriptors: readonly Descriptor[]): string[] => descriptors.map(({ digest }) => digest).sort();

describe('a registry that was given the referrers API in mid-life', () => {
  it('is exported with what its API lists and with what only the referrers tag lists', async () => {
    await using scene = await openUpgraded();
    const since = scene.addReferrer(signatureType, 'pushed since');
    const writer = new BundleWriter().add({
      source: scene.fetcher,
      reference: scene.reference,
      descriptor: scene.image.descriptor,
    });
    const plan = await writer.plan();
    expect(plan.counts.referrers).toBe(2);
    expect(plan.warnings).toContainEqual(
      expect.stringMatching(/referrers tag .* lists 1 referrer that the API does not.* lacks 1/),
    );
    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { includeTagSchema: true });
    expect(digests(list.referrers)).toEqual(digests([scene.old.descriptor, since.descriptor]));
    expect(list.source).toBe('api');
    expect(list.attempts.map(({ endpoint, rule }) => `${endpoint} ${rule}`)).toEqual([
      'referrers list',
      'tag tag-index',
    ]);
  });

  it('is asked for its tag only where both are wanted', async () => {
    await using scene = await openUpgraded();
    const { referrers, attempts } = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(referrers).toEqual([]);
    expect(attempts.map(({ endpoint }) => endpoint)).toEqual(['referrers']);
  });

  it('is never asked for a tag with fallbackHosts: false', async () => {
    await using scene = await openUpgraded({ fallbackHosts: false });
    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { includeTagSchema: true });
    expect(list.referrers).toEqual([]);
    expect(scene.registry.requests.some(({ endpoint }) => endpoint === 'manifest')).toBe(false);
  });

  it('whose tag lists what has been deleted since loses nothing, and says so', async () => {
    await using scene = await openUpgraded();
    scene.registry.store.repository(repository).manifests.delete(scene.old.descriptor.digest);
    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { includeTagSchema: true });
    expect(list.referrers).toEqual([]);
    expect(list.warnings).toEqual([expect.stringMatching(/1 entry .* not there any more/)]);
  });

  it('says nothing where there is no tag, or where the tag lists the same', async () => {
    await using scene = await openScene();
    const artifact = scene.addReferrer(sbomType, 'sbom');
    const list = async (): Promise<readonly string[]> =>
      (await scene.fetcher.listReferrers(scene.image.descriptor, { includeTagSchema: true })).warnings;
    expect(await list()).toEqual([]);
    scene.registry.store.setReferrersTag(repository, scene.image.descriptor, [artifact.descriptor]);
    expect(await list()).toEqual([]);
  });

  it('that resolves the tag to the subject itself (GitLab) is taken at its API', async () => {
    await using scene = await openScene();
    scene.registry.store.add(repository, scene.image, { tag: referrersTag(scene.image.descriptor.digest) });
    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { includeTagSchema: true });
    expect(list).toMatchObject({ referrers: [], warnings: [] });
  });

  it('whose tag holds something else is taken at its API, with a warning', async () => {
    await using scene = await openScene();
    const other = buildImage({ layers: [Buffer.from('other')] });
    scene.registry.store.add(repository, other, { tag: referrersTag(scene.image.descriptor.digest) });
    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { includeTagSchema: true });
    expect(list).toMatchObject({ referrers: [], warnings: [expect.stringContaining('is not a list')] });
  });

  it.each([
    ['a login page', { 'content-type': 'text/html' }, '<html>'],
    ['a list that has the subject in it', { 'content-type': 'application/vnd.oci.image.index.v1+json' }, undefined],
  ])('whose tag answers with %s is an error: what it lists would be lost', async (_, headers, page) => {
    const opened: Scene[] = [];
    await using scene = await openScene({
      rewrite: (request, answer) => {
        const [current] = opened;
        if (current === undefined || request.reference?.startsWith('sha256-') !== true) return answer;
        const list = { schemaVersion: 2, mediaType: headers['content-type'], manifests: [current.image.descriptor] };
        return { status: 200, headers, body: Buffer.from(page ?? JSON.stringify(list)) };
      },
    });
    opened.push(scene);
    await expect(scene.fetcher.listReferrers(scene.image.descriptor, { includeTagSchema: true })).rejects.toMatchObject(
      { code: 'ERR_OCI_REFERRERS_TAG_INVALID' },
    );
  });

  it.each([500, 403])('whose tag answers %i is an error: what it lists would be lost', async (status) => {
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.reference?.startsWith('sha256-') === true ? { status, headers: {} } : answer,
    });
    const listing = scene.fetcher.listReferrers(scene.image.descriptor, { includeTagSchema: true });
    await expect(listing).rejects.toMatchObject({ status });
  });
});
