import { discoverReferrers, type ListReferrersOptions, walkReferrers } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { openScene, sbomType } from './setup.js';

/** What JavaScript, or a cast, can hand over. */
const wrong: readonly [string, unknown][] = [
  ['artifactType', { artifactType: sbomType }],
  ['artifactTypes', { artifactTypes: sbomType }],
  ['artifactTypes', { artifactTypes: [''] }],
  ['artifactTypes.0', { artifactTypes: [[sbomType]] }],
  ['includeTagSchema', { includeTagSchema: 'yes' }],
  ['signal', { signal: {} }],
];

describe('an option that cannot be meant so', () => {
  it.each(wrong)('is an error that names %s, and never a list of something else', async (argument, options) => {
    await using scene = await openScene();
    scene.addReferrer(sbomType, 'sbom');
    scene.registry.clearRequests();
    const listing = scene.fetcher.listReferrers(scene.image.descriptor, options as ListReferrersOptions);
    await expect(listing).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument,
      hint: expect.any(String) as string,
    });
    expect(scene.registry.requests).toHaveLength(0);
  });

  it('is an error for a list in place of single types', async () => {
    await using scene = await openScene();
    scene.addReferrer(sbomType, 'sbom');
    const listing = scene.fetcher.fetchReferrers(scene.image.descriptor, [sbomType] as unknown as string);
    await expect(listing).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'artifactTypes.0' });
  });

  it('is an error for a push, before anything is sent: a misspelt tag would not be set', async () => {
    await using scene = await openScene();
    const pusher = await scene.resolver.pusher(scene.reference);
    scene.registry.clearRequests();
    const { descriptor, manifest } = scene.image;
    const misspelt = pusher.push(descriptor, manifest, { Tag: 'v2' } as object);
    await expect(misspelt).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'Tag' });
    const nothing = pusher.push(descriptor, undefined as unknown as Uint8Array);
    await expect(nothing).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'content' });
    expect(scene.registry.requests).toHaveLength(0);
  });
});

it('a walk from nothing is an error that names the root', async () => {
  await using scene = await openScene();
  const fault: unknown = expect.objectContaining({ code: 'ERR_OCI_INVALID_DESCRIPTOR', argument: 'root' });
  expect(() => walkReferrers(scene.fetcher, undefined as never)).toThrow(fault);
  await expect(discoverReferrers(scene.fetcher, undefined as never)).rejects.toEqual(fault);
});
