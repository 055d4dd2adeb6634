import { createCipheriv } from 'node:crypto';
import {
  buildArtifact,
  buildImage,
  buildIndex,
  type RegistryStore,
  type TestContent,
} from '@stellaops/oci-referrers/testing';
import { provenanceType, sbomType, signatureType } from '../../support/artifact-types.js';

/** Makes bytes that look random and are the same every time. */
export function incompressible(size: number, seed: number): Buffer {
  const key = Buffer.alloc(16, seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** References below a registry that {@link fillRegistry} fills. */
export const references: readonly string[] = ['team/app:1.0', 'team/db:2.0'];
const layerBytes = 300_000;

/** Puts two images into two repositories: an index of two platforms, and one that shares a layer with it. */
export function fillRegistry(store: RegistryStore): void {
  const shared = incompressible(layerBytes, 1);
  const amd64 = buildImage({
    layers: [shared, incompressible(layerBytes + 1, 2)],
    platform: { os: 'linux', architecture: 'amd64' },
  });
  const arm64 = buildImage({
    layers: [incompressible(layerBytes + 2, 3)],
    platform: { os: 'linux', architecture: 'arm64' },
  });
  const index = buildIndex([amd64, arm64], { annotations: { 'org.opencontainers.image.title': 'größer → überall' } });
  const sbom = artifact(index, sbomType, 4);
  const signature = artifact(sbom, signatureType, 5);
  store.add('team/app', index, { tag: '1.0' });
  for (const content of [sbom, signature, artifact(arm64, provenanceType, 6), artifact(index, signatureType, 7)]) {
    store.add('team/app', content);
  }
  const database = buildImage({ layers: [shared, incompressible(layerBytes, 8)] });
  store.add('team/db', database, { tag: '2.0' });
  for (const seed of [9, 10, 11]) store.add('team/db', artifact(database, sbomType, seed));
}

function artifact(subject: TestContent, artifactType: string, seed: number): TestContent {
  return buildArtifact({ subject: subject.descriptor, artifactType, content: incompressible(20_000 + seed, seed) });
}
