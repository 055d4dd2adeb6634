import { buildIndex } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import {
  addLegacyTag,
  ask,
  askReferrers,
  attach,
  attachAndList,
  digests,
  indexType,
  list,
  openProfile,
  sbomType,
  signatureType,
  unknownDigest,
  wire,
} from './scene.js';

const plainText = 'text/plain; charset=utf-8';
const notUnderstood = '{"errors":[{"code":"METHOD_UNKNOWN","message":"We don\'t understand your method + url"}]}\n';

describe('crane-serve', () => {
  it('keeps and finds referrers under the tag', async () => {
    await using scene = await openProfile('crane-serve');
    const found = await attachAndList(scene);
    expect(found).toMatchObject({ source: 'tag-schema', isListed: true });
    expect(await wire(await askReferrers(scene), 'content-type', 'docker-distribution-api-version')).toEqual([
      404,
      plainText,
      null,
      notUnderstood,
    ]);
  });

  it('calls no JSON by its name, and says nothing at /v2/', async () => {
    await using scene = await openProfile('crane-serve');
    expect(await wire(await ask(scene, '/v2/'), 'content-type')).toEqual([200, null, '']);
    expect((await ask(scene, 'tags/list')).headers.get('content-type')).toBe(plainText);
    expect((await ask(scene, 'manifests/none')).headers.get('content-type')).toBe(plainText);
    expect((await ask(scene, 'manifests/v1', { method: 'OPTIONS' })).status).toBe(400);
    await expect(scene.resolver.resolve(`${scene.registry.host}/team/app:none`)).rejects.toMatchObject({
      code: 'ERR_OCI_NOT_FOUND',
    });
  });

  it('stores a manifest under a wrong digest and says the right one, which a push takes for a fault', async () => {
    await using scene = await openProfile('crane-serve');
    const put = await ask(scene, `manifests/${unknownDigest}`, {
      method: 'PUT',
      headers: { 'content-type': scene.image.descriptor.mediaType },
      body: scene.image.manifest,
    });
    expect(await wire(put, 'docker-content-digest', 'location')).toEqual([
      201,
      scene.image.descriptor.digest,
      null,
      '',
    ]);
    await expect(scene.fetcher.fetchByDigest(unknownDigest)).rejects.toMatchObject({ code: 'ERR_OCI_DIGEST_MISMATCH' });
    const index = buildIndex([scene.image]);
    const text = Buffer.from(index.manifest)
      .toString()
      .replace(scene.image.descriptor.digest, unknownDigest.replace('0', '1'));
    const lost = await ask(scene, 'manifests/x', {
      method: 'PUT',
      headers: { 'content-type': indexType },
      body: Buffer.from(text),
    });
    expect([lost.status, await lost.text()]).toEqual([404, expect.stringContaining('Sub-manifest')]);
  });

  it('cuts tags short in silence; the older tags of known names are found one by one', async () => {
    await using scene = await openProfile('crane-serve', { tagsPageSize: 1 });
    const { descriptor } = scene.addReferrer(signatureType, 'signature');
    const tags = ['att', 'sbom', 'sig'].map((suffix) => addLegacyTag(scene, descriptor, suffix));
    expect(await wire(await ask(scene, 'tags/list?n=1'), 'link')).toEqual([200, null, expect.any(String)]);
    expect((await list(scene, { legacyTags: true })).legacy.map((entry) => entry.tag)).toEqual(tags);
  });

  it('knows no way to ask for an upload or to end it', async () => {
    await using scene = await openProfile('crane-serve');
    const location = (await ask(scene, 'blobs/uploads/', { method: 'POST' })).headers.get('location') ?? '';
    for (const method of ['GET', 'DELETE']) expect((await ask(scene, location, { method })).status).toBe(400);
  });
});

describe('ggcr-lib', () => {
  it('lists referrers itself, though it never says OCI-Subject and the order changes', async () => {
    await using scene = await openProfile('ggcr-lib');
    const added = ['a', 'b', 'c'].map((name) => scene.addReferrer(sbomType, name).descriptor);
    const found = await list(scene);
    expect([digests(found.referrers), found.source]).toEqual([digests(added), 'api']);
    const [one, other] = [await (await askReferrers(scene)).text(), await (await askReferrers(scene)).text()];
    expect(one).not.toBe(other);
    const attached = await attach(scene);
    expect(digests((await list(scene)).referrers)).toContain(attached.digest);
  });

  it('lists the type of the empty config: what is wanted is found by the manifests', async () => {
    await using scene = await openProfile('ggcr-lib');
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const answer = await askReferrers(scene, `?artifactType=${encodeURIComponent(signatureType)}`);
    expect(answer.headers.get('oci-filters-applied')).toBeNull();
    const { descriptor } = sbom;
    const { mediaType, digest, size } = descriptor;
    const listed = { mediaType, digest, size, artifactType: 'application/vnd.oci.empty.v1+json' };
    expect(await answer.json()).toMatchObject({ manifests: [listed] });
    const byList = await list(scene, { artifactTypes: [sbomType] });
    expect([digests(byList.referrers), byList.filterAppliedBy]).toEqual([[digest], 'client']);
  });

  it('does not know a repository that is not there, and is not taken for one without the API', async () => {
    await using scene = await openProfile('ggcr-lib');
    const answer = await ask(scene, `/v2/no/such/referrers/${unknownDigest}`);
    expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toMatchObject([
      404,
      plainText,
      { errors: [{ code: 'NAME_UNKNOWN' }] },
    ]);
    const fetcher = await scene.resolver.fetcher(`${scene.registry.host}/no/such:v1`);
    await expect(fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
    expect((await ask(scene, 'referrers/bad')).status).toBe(400);
    expect((await ask(scene, `referrers/${unknownDigest}`, { method: 'HEAD' })).status).toBe(400);
  });
});
