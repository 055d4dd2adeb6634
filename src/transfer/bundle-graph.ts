import { pipeline, Readable } from 'node:stream';
import type { BundleReader } from '../bundle/bundle-reader.js';
import { blobPath } from '../bundle/entry-paths.js';
import type { BundleImage, BundleRecord, BundleSubject } from '../bundle/record.js';
import { repositoryOf } from '../bundle/repository-of.js';
import type { AbortableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import { assertContent, readBounded } from '../content/read.js';
import { createVerifyStream } from '../content/verify-stream.js';
import type { Descriptor } from '../oci/descriptor.js';
import { manifestsBelow, parseManifest } from '../oci/manifest.js';
import type { GraphNode, GraphSubject, ReferrersGraph } from '../referrers/graph.js';

type ReadOptions = AbortableOptions & { readonly limits: Limits };

/**
 * Reads the closure of one image back out of a validated bundle.
 *
 * @remarks The lists of the image's own repository decide what refers to what. Every manifest is verified again: the file
 * could have been written to since it was validated.
 */
export async function readBundleGraph(
  reader: BundleReader,
  record: BundleRecord,
  image: BundleImage,
  options: ReadOptions,
): Promise<ReferrersGraph> {
  const lists = listsOf(record, image);
  const present = new Set(record.entries.map((entry) => entry.path));
  const nodes = new Map<string, GraphNode>();
  const subjects: GraphSubject[] = [];
  const root: Descriptor = { mediaType: image.mediaType, digest: image.digest, size: image.size };
  const queue: Descriptor[] = [root];
  for (let descriptor = queue.shift(); descriptor !== undefined; descriptor = queue.shift()) {
    // A platform that was left out of an index has no entry; the record says so and the validator has checked it.
    if (nodes.has(descriptor.digest) || !present.has(blobPath(descriptor.digest))) continue;
    const node = { descriptor, ...(await readNode(reader, descriptor, options)) };
    nodes.set(descriptor.digest, node);
    queue.push(...manifestsBelow(node.parsed));
    const list = lists.get(descriptor.digest);
    if (list === undefined) continue;
    subjects.push(subjectFrom(list, descriptor));
    queue.push(...list.artifacts.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })));
  }
  return { root, nodes, subjects, warnings: [] };
}

/** Opens blobs by their place in the open file, as often as an upload needs them. */
export function bundleBlobs(
  reader: BundleReader,
  signal: AbortSignal | undefined,
): (blob: Descriptor) => () => Readable {
  return (blob) => () =>
    Readable.from(
      (async function* read(): AsyncGenerator<Buffer> {
        const entry = await reader.readEntry(blobPath(blob.digest), { signal });
        // Hashed again on its way out: the file could have been written to since it was validated.
        const verified = pipeline(entry, createVerifyStream(blob, 'the bundle'), () => undefined);
        for await (const chunk of verified as AsyncIterable<Buffer>) yield chunk;
      })(),
      { objectMode: false },
    );
}

async function readNode(
  reader: BundleReader,
  descriptor: Descriptor,
  { limits, signal }: ReadOptions,
): Promise<Pick<GraphNode, 'bytes' | 'parsed'>> {
  const path = blobPath(descriptor.digest);
  const bound = { limitName: 'maxManifestBytes', limit: limits.maxManifestBytes };
  const bytes = await readBounded(await reader.readEntry(path, { signal }), bound, path, signal);
  assertContent(bytes, descriptor, 'the bundle');
  return { bytes, parsed: parseManifest(bytes, descriptor.mediaType, path) };
}

function listsOf(record: BundleRecord, image: BundleImage): ReadonlyMap<string, BundleSubject> {
  const repository = repositoryOf(image.reference);
  const own = record.referrers.subjects.filter(({ reference }) => repositoryOf(reference) === repository);
  return new Map(own.map((list) => [list.subject, list]));
}

function subjectFrom(list: BundleSubject, subject: Descriptor): GraphSubject {
  const { source, host, complete, found, filtered } = list.discovery;
  const referrers = list.artifacts.map(({ mediaType, digest, size, artifactType, annotations }) => ({
    mediaType,
    digest,
    size,
    artifactType,
    annotations,
  }));
  const tagged = list.artifacts.flatMap(({ digest, tag }) => (tag === undefined ? [] : [[digest, tag] as const]));
  const tags = new Map(tagged);
  return { subject, source, host, complete, found, filtered, referrers, tags };
}
