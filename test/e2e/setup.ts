import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createResolver,
  discoverReferrers,
  exportBundle,
  type ReferrersGraph,
  type Resolver,
} from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  buildIndex,
  startRegistry,
  type TestContent,
  type TestRegistry,
  type TestRegistryOptions,
} from '@stellaops/oci-referrers/testing';
import { vi } from 'vitest';
import { provenanceType, repository, sbomType, signatureType } from '../support/artifact-types.js';

export { repository, sbomType } from '../support/artifact-types.js';

/** A multi-platform image with referrers on the index, on a platform, and on a referrer. */
export interface Family {
  readonly index: TestContent;
  readonly sbom: TestContent;
  readonly platformProvenance: TestContent;
  readonly sbomSignature: TestContent;
  readonly all: readonly TestContent[];
}

export function buildFamily(): Family {
  const amd64 = buildImage({ layers: [Buffer.from('amd64 layer')], platform: { os: 'linux', architecture: 'amd64' } });
  const arm64 = buildImage({
    layers: [Buffer.alloc(200_000, 'arm64')],
    platform: { os: 'linux', architecture: 'arm64' },
  });
  const index = buildIndex([amd64, arm64]);
  const sbom = buildArtifact({
    artifactType: sbomType,
    subject: index.descriptor,
    content: '{"bomFormat":"CycloneDX"}',
  });
  const platformProvenance = buildArtifact({ artifactType: provenanceType, subject: arm64.descriptor, content: '{}' });
  const sbomSignature = buildArtifact({ artifactType: signatureType, subject: sbom.descriptor, content: 'signature' });
  return { index, sbom, platformProvenance, sbomSignature, all: [index, sbom, platformProvenance, sbomSignature] };
}

/** Source and target registry, a resolver for both, and a folder that goes away. */
export interface Stage extends AsyncDisposable {
  readonly source: TestRegistry;
  readonly target: TestRegistry;
  readonly resolver: Resolver;
  readonly family: Family;
  /** Reference of the image at the source. */
  readonly reference: string;
  readonly path: (name: string) => string;
  /** Exports the image to a file in the folder. */
  readonly exportTo: (name: string) => Promise<string>;
  /** Walks the closure of the image at a registry. */
  readonly closureAt: (registry: TestRegistry, name?: string) => Promise<ReferrersGraph>;
}

export async function openStage(target: TestRegistryOptions = {}, source: TestRegistryOptions = {}): Promise<Stage> {
  const family = buildFamily();
  const from = await startRegistry(source);
  const to = await startRegistry(target);
  const folder = await mkdtemp(join(tmpdir(), 'oci-referrers-test-'));
  const resolver = createResolver({ retry: 0, credentials: () => ({ anonymous: true }) });
  for (const content of family.all) from.store.add(repository, content, content === family.index ? { tag: 'v1' } : {});
  const reference = `${from.host}/${repository}:v1`;
  const path = (name: string): string => join(folder, name);
  return {
    source: from,
    target: to,
    resolver,
    family,
    reference,
    path,
    async exportTo(name: string): Promise<string> {
      await exportBundle(resolver, [reference], { output: path(name) });
      return path(name);
    },
    async closureAt(registry: TestRegistry, name = `${repository}:v1`): Promise<ReferrersGraph> {
      const at = `${registry.host}/${name}`;
      const { descriptor } = await resolver.resolve(at);
      return await discoverReferrers(await resolver.fetcher(at), descriptor);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await resolver.close();
      await Promise.all([from.close(), to.close(), rm(folder, { recursive: true, force: true })]);
    },
  };
}

/** A folder that this process takes for the system's temporary folder, so that a test sees its own leftovers alone. */
export async function useTemporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'oci-referrers-test-'));
  vi.stubEnv('TMPDIR', path);
  return {
    path,
    async [Symbol.asyncDispose](): Promise<void> {
      vi.unstubAllEnvs();
      await rm(path, { recursive: true, force: true });
    },
  };
}
