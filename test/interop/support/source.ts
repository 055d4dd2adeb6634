import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createResolver,
  type Descriptor,
  discoverReferrers,
  type Pusher,
  type ReferrersGraph,
  type Resolver,
} from '@stellaops/oci-referrers';
import { type Evidence, publishEvidence } from '../../../examples/demo/evidence.js';
import { pushImage } from './image.js';
import type { RegistryKind } from './registries.js';

/** Repository of every image here, on whatever host. */
export const repositoryName = 'team/app';
/** Tag of every image here. */
export const tag = '1.0';

/** An image with its evidence in a real registry, and a directory to work in. */
export interface Source {
  readonly resolver: Resolver;
  /** `HOST/REPOSITORY`. */
  readonly repository: string;
  readonly image: Descriptor;
  readonly evidence: Evidence;
  readonly directory: string;
  /** Has something ended when the source is closed. */
  onClose(cleanUp: () => Promise<unknown>): void;
  /** Ends the registry and removes the directory. */
  close(): Promise<void>;
}

/** Starts a registry, pushes an image, and attaches the evidence of the demo to it. */
export async function openSource(
  kind: RegistryKind,
  push: (pusher: Pusher, tag: string) => Promise<Descriptor> = pushImage,
): Promise<Source> {
  const cleanUps: (() => Promise<unknown>)[] = [];
  const onClose = (cleanUp: () => Promise<unknown>): void => {
    cleanUps.push(cleanUp);
  };
  const close = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), 'interop-'));
    onClose(() => rm(directory, { recursive: true, force: true }));
    const registry = await kind.start();
    onClose(() => registry.stop());
    const resolver = createResolver({ credentials: () => ({ anonymous: true }) });
    onClose(() => resolver.close());
    const repository = `${registry.host}/${repositoryName}`;
    const pusher = await resolver.pusher(`${repository}:${tag}`);
    const image = await push(pusher, tag);
    const evidence = await publishEvidence(pusher, image);
    return { resolver, repository, image, evidence, directory, onClose, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Discovers the image of a repository with everything that refers to it. */
export async function discover(resolver: Resolver, repository: string): Promise<ReferrersGraph> {
  const reference = `${repository}:${tag}`;
  const { descriptor } = await resolver.resolve(reference);
  return await discoverReferrers(await resolver.fetcher(reference), descriptor);
}

/** Puts the lists of a graph in the form other clients give theirs: subject → `digest artifactType`, sorted. */
export function listsOf(graph: ReferrersGraph): ReadonlyMap<string, readonly string[]> {
  return new Map(
    graph.subjects.map(({ subject, referrers }) => [
      subject.digest,
      referrers.map(({ digest, artifactType }) => `${digest} ${artifactType ?? ''}`).sort(),
    ]),
  );
}

/** Returns the digest of every config and layer of a graph. */
export function blobsOf(graph: ReferrersGraph): ReadonlySet<string> {
  const blobs = [...graph.nodes.values()].flatMap(({ parsed }) =>
    parsed.kind === 'manifest' ? [parsed.manifest.config, ...parsed.manifest.layers] : [],
  );
  return new Set(blobs.map(({ digest }) => digest));
}
