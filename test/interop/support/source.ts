import {
  type Descriptor,
  discoverReferrers,
  type Pusher,
  type ReferrersGraph,
  type Resolver,
} from '@stellaops/oci-referrers';
import { type Evidence, publishEvidence } from '../../../examples/demo/evidence.js';
import { pushImage } from './image.js';
import type { RegistryKind } from './registries.js';
import { openWorkspace, tag, type Workspace } from './workspace.js';

/** An image with its evidence in a real registry, and a directory to work in. */
export interface Source extends Workspace {
  readonly image: Descriptor;
  readonly evidence: Evidence;
}

/** Starts a registry, pushes an image, and attaches the evidence of the demo to it. */
export async function openSource(
  kind: RegistryKind,
  push: (pusher: Pusher, tag: string) => Promise<Descriptor> = pushImage,
): Promise<Source> {
  return await openWorkspace(kind, async ({ pusher }) => {
    const image = await push(pusher, tag);
    return { image, evidence: await publishEvidence(pusher, image) };
  });
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
