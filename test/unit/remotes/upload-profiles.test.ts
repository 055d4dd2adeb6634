import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { attachArtifact, digestOf, isOciError } from '@stellaops/oci-referrers';
import type { ProfileName } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, repository, type Scene, sbomType } from './setup.js';

const user = { username: 'user', password: 'pass:word' };
const chunkBytes = 64 * 1024;

/** Registries that take pushes, as far as their profiles know how they do it. */
const profiles: readonly ProfileName[] = [
  'conformant-1.1',
  'ghcr-2026',
  'ghcr-2026/unknown-tags',
  'distribution-2.8/delete-enabled',
  'distribution-3',
  'gitlab',
  'quay',
  'harbor-2.8',
  'harbor-2.11',
  'hub-2026',
  'ecr',
  'acr',
  'artifactory-legacy',
  'artifactory-7.90',
  'olareg-paged',
  'zot-2.1.20',
  'crane-serve',
  'ggcr-lib',
  'gitea',
  'nexus',
];

async function openProfile(profile: ProfileName): Promise<Scene> {
  return await openScene(
    { profile, auth: user },
    {
      credentials: () => user,
      limits: { maxPutBytes: chunkBytes, maxChunkBytes: chunkBytes },
      retry: { maxRetries: 1, baseDelayMs: 1, maxDelayMs: 1 },
    },
  );
}

describe('a blob that is larger than one PUT may be', () => {
  it.each(profiles)('arrives at %s', async (profile) => {
    await using scene = await openProfile(profile);
    const bytes = randomBytes(3 * chunkBytes + 17);
    const blob = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };
    const pusher = await scene.resolver.pusher(scene.reference);
    await pusher.push(blob, () => Readable.from([bytes], { objectMode: false }));
    const stored = scene.registry.store.repository(repository).blobs.get(blob.digest);
    expect(stored !== undefined && bytes.equals(stored)).toBe(true);
  });
});

describe('a referrer that is deleted', () => {
  it.each(profiles)('is gone from its list, or as it was, at %s', async (profile) => {
    await using scene = await openProfile(profile);
    const pusher = await scene.resolver.pusher(scene.reference);
    const { descriptor: subject } = scene.image;
    const artifact = { artifactType: sbomType, files: [] };
    const sbom = await attachArtifact(pusher, subject, artifact).catch((error: unknown) => {
      if (!isOciError(error, 'ERR_OCI_REFERRERS_TAG_CONFLICT')) throw error;
    });
    // GitLab could never list it, and is given none.
    if (sbom === undefined) return;
    const fault = await pusher.delete(sbom).catch((error: unknown) => error);
    const listed = (await scene.fetcher.fetchReferrers(subject)).map(({ digest }) => digest);
    const isStored = scene.registry.store.repository(repository).manifests.has(sbom.digest);
    expect({ listed, isStored }).toEqual(
      fault === undefined ? { listed: [], isStored: false } : { listed: [sbom.digest], isStored: true },
    );
    if (fault !== undefined) expect(fault).toMatchObject({ code: 'ERR_OCI_REGISTRY_STATUS' });
  });
});
