import { registryProfiles } from '@stellaops/oci-referrers/testing';
import { expect, it } from 'vitest';
import { attach, digests, list, openProfile, openWithUser, repository, sbomType } from './scene.js';

/** Those that take no referrer, or answer nothing that is right. */
const left = /^(?:gitlab$|k8s-redirector|dead-proxy|hostile|distribution-)|limited|acr-cache-ghcr|nexus\/400/;
const deleting = registryProfiles.filter(({ name }) => !left.test(name)).map(({ name }) => name);

it.each([...deleting, 'distribution-2.8/delete-enabled', 'distribution-3/delete-enabled'] as const)(
  '%s: a referrer that was deleted is not there and not listed any more, the others are',
  async (name) => {
    await using scene = await openWithUser(name);
    const pusher = await scene.resolver.pusher(scene.reference);
    const other = await attach(scene, 'another sbom');
    const attached = await attach(scene);
    await pusher.delete(attached);
    expect(await pusher.exists(attached)).toBe(false);
    expect(digests((await list(scene)).referrers)).toEqual([other.digest]);
  },
);

it.each(['distribution-2.8', 'distribution-3'] as const)(
  '%s: says that it does not delete, and what was to go is listed as before',
  async (name) => {
    await using scene = await openProfile(name);
    const attached = await attach(scene);
    const pusher = await scene.resolver.pusher(scene.reference);
    await expect(pusher.delete(attached)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      status: 405,
      hint: expect.stringContaining('storage.delete') as string,
    });
    expect(digests((await list(scene)).referrers)).toEqual([attached.digest]);
  },
);

it('gitlab: loses the referrer that was deleted, and never the subject its tag resolves to', async () => {
  await using scene = await openProfile('gitlab');
  const sbom = scene.addReferrer(sbomType, 'sbom');
  const pusher = await scene.resolver.pusher(scene.reference);
  await pusher.delete(sbom.descriptor);
  const { manifests } = scene.registry.store.repository(repository);
  expect([...manifests.keys()]).toEqual([scene.image.descriptor.digest]);
});
