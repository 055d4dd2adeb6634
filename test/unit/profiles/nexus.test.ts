import { expect, it } from 'vitest';
import { addLegacyTag, ask, askReferrers, attachAndList, list, openProfile, sbomType } from './scene.js';

it('nexus: keeps and finds referrers under the tag', async () => {
  await using scene = await openProfile('nexus');
  const found = await attachAndList(scene);
  expect(found).toMatchObject({ source: 'tag-schema', isListed: true });
  expect((await askReferrers(scene)).status).toBe(404);
});

it('nexus: links to tags under another path, where nothing is: an error, never a short list', async () => {
  await using scene = await openProfile('nexus', { tagsPageSize: 1 });
  const tag = addLegacyTag(scene, scene.addReferrer(sbomType, 'sbom').descriptor, 'custom');
  const link = (await ask(scene, 'tags/list?n=1')).headers.get('link');
  const wrong = `${scene.registry.origin}/repository/docker-proxy-docker-hub/v2/team/app/tags/list?n=1&last=${tag}`;
  expect(link).toBe(`<${wrong}>; rel="next"`);
  expect((await fetch(wrong)).status).toBe(400);
  await expect(list(scene, { legacyTags: true })).rejects.toMatchObject({ code: 'ERR_OCI_BAD_LINK' });
});

it('nexus/400: is an error, unless the caller takes 400 for a missing API', async () => {
  await using scene = await openProfile('nexus/400');
  await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REGISTRY_STATUS', status: 400 });
  await using lenient = await openProfile('nexus/400', {}, { fallbackOn: [400] });
  expect(await list(lenient, { confirmSubject: true })).toMatchObject({ referrers: [], source: 'tag-schema' });
});

it('nexus/group: cuts tags short in silence; the older tags of known names are found one by one', async () => {
  await using scene = await openProfile('nexus/group', { tagsPageSize: 1 });
  const { descriptor } = scene.addReferrer(sbomType, 'sbom');
  const known = ['att', 'sig'].map((suffix) => addLegacyTag(scene, descriptor, suffix));
  addLegacyTag(scene, descriptor, 'zzz');
  expect((await ask(scene, 'tags/list')).headers.get('link')).toBeNull();
  expect((await list(scene, { legacyTags: true })).legacy.map((entry) => entry.tag)).toEqual(known);
});
