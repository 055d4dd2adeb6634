import {
  createResolver,
  type Descriptor,
  type Fetcher,
  type Resolver,
  type ResolverOptions,
} from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  startRegistry,
  type TestContent,
  type TestRegistry,
  type TestRegistryOptions,
} from '@stellaops/oci-referrers/testing';
import { repository } from '../../support/artifact-types.js';

export { repository, sbomType, signatureType } from '../../support/artifact-types.js';

/** A registry with one image, and a resolver that reaches it without retries or credentials of this machine. */
export interface Scene extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly resolver: Resolver;
  readonly image: TestContent;
  readonly reference: string;
  readonly fetcher: Fetcher;
  /** Puts a referrer of the image into the store, and into the referrers tag where there is no API. */
  addReferrer(artifactType: string, content: string): TestContent;
}

export async function openScene(
  registryOptions: TestRegistryOptions = {},
  options: ResolverOptions = {},
): Promise<Scene> {
  const registry = await startRegistry(registryOptions);
  const resolver = createResolver({ retry: 0, credentials: () => ({ anonymous: true }), ...options });
  const image = buildImage();
  registry.store.add(repository, image, { tag: 'v1' });
  const reference = `${registry.host}/${repository}:v1`;
  const listed: Descriptor[] = [];
  return {
    registry,
    resolver,
    image,
    reference,
    fetcher: await resolver.fetcher(reference),
    addReferrer(artifactType: string, content: string): TestContent {
      const artifact = buildArtifact({ artifactType, subject: image.descriptor, content });
      registry.store.add(repository, artifact);
      listed.push({ ...artifact.descriptor, artifactType });
      if (registryOptions.referrersApi === false) registry.store.setReferrersTag(repository, image.descriptor, listed);
      return artifact;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await resolver.close();
      await registry.close();
    },
  };
}

/** The endpoints that were asked since the record was cleared, as `METHOD kind`. */
export function asked(registry: TestRegistry): string[] {
  return registry.requests.map((request) => `${request.method} ${request.endpoint}`);
}
