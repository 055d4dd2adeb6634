export type { DigestAlgorithm } from '../oci/digest.js';
export {
  buildArtifact,
  buildImage,
  buildIndex,
  type TestArtifactOptions,
  type TestBlob,
  type TestContent,
  type TestContentOptions,
  type TestImageOptions,
  type TestIndexOptions,
} from './fixtures.js';
export type { ProfileName } from './profile-names.js';
export { registryProfiles } from './profiles/find-profile.js';
export type { RegistryProfile } from './profiles/profile.js';
export type { RegistryStore, StoredManifest, StoredRepository } from './registry-store.js';
export { startRegistry } from './start-registry.js';
export type {
  EndpointKind,
  InterceptedRequest,
  RecordedRequest,
  RegistryAnswer,
  RequestFacts,
  TestOrigin,
  TestRegistry,
  TestRegistryAuth,
  TestRegistryOptions,
} from './types.js';
