import type { Readable } from 'node:stream';
import type { BundleReader } from '../bundle/bundle-reader.js';
import { blobPath } from '../bundle/entry-paths.js';
import type { BundleImage, BundleRecord, BundleSubject } from '../bundle/record.js';
import { recordByRepository } from '../bundle/record-by-repository.js';
import { repositoryOf } from '../bundle/repository-of.js';
import { StepBudget } from '../bundle/step-budget.js';
import type { AbortableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import { assertContent, readBounded } from '../content/read.js';
import { verifiedStream } from '../content/verify-stream.js';
import { LimitError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { blobsBelow, manifestsBelow, parseManifest } from '../oci/manifest.js';
import type { GraphNode, GraphSubject, ReferrersGraph } from '../referrers/graph.js';

type ReadOptions = AbortableOptions & { readonly limits: Limits };

/**
 * Reads the closures of the images of a validated bundle.
 *
 * @remarks The lists of an image's own repository decide what refers to what. Every manifest is verified again: the file
 * could have been written to since it was validated. It is read and held once, however many images lead to it: thousands
 * of tags of one large manifest fit into a bundle of a few kilobytes.
 */
export class BundleGraphs {
  readonly #reader: BundleReader;
  readonly #options: ReadOptions;
  readonly #present: ReadonlySet<string>;
  readonly #repositories: ReturnType<typeof recordByRepository>;
  readonly #nodes = new Map<string, GraphNode>();
  readonly #graphs = new Map<string, ReferrersGraph>();
  readonly #steps = new StepBudget();

  constructor(reader: BundleReader, record: BundleRecord, options: ReadOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#present = new Set(record.entries.map((entry) => entry.path));
    this.#repositories = recordByRepository(record);
  }

  /** @throws {@link LimitError} `ERR_OCI_LIMIT_EXCEEDED` when too many images lead to too many of the same manifests */
  async read(image: BundleImage): Promise<ReferrersGraph> {
    const repository = repositoryOf(image.reference) ?? '';
    const key = `${repository}@${image.digest}`;
    const known = this.#graphs.get(key);
    if (known !== undefined) return known;
    const graph = await this.#walk(
      image,
      this.#repositories.get(repository)?.lists ?? new Map<string, BundleSubject>(),
    );
    this.#graphs.set(key, graph);
    return graph;
  }

  async #walk(image: BundleImage, lists: ReadonlyMap<string, BundleSubject>): Promise<ReferrersGraph> {
    const nodes = new Map<string, GraphNode>();
    const subjects: GraphSubject[] = [];
    const root: Descriptor = { mediaType: image.mediaType, digest: image.digest, size: image.size };
    const queue: Descriptor[] = [root];
    for (const descriptor of queue) {
      // A platform that was left out of an index has no entry; the record says so and the validator has checked it.
      if (nodes.has(descriptor.digest) || !this.#present.has(blobPath(descriptor.digest))) continue;
      const node = await this.#nodeOf(descriptor);
      nodes.set(descriptor.digest, node);
      const list = lists.get(descriptor.digest);
      const below = [...manifestsBelow(node.parsed), ...(list?.artifacts ?? [])];
      this.#count(1 + below.length + blobsBelow(node.parsed).length, image);
      for (const { mediaType, digest, size } of below) queue.push({ mediaType, digest, size });
      if (list !== undefined) subjects.push(subjectFrom(list, descriptor));
    }
    return { root, nodes, subjects, warnings: [] };
  }

  async #nodeOf(descriptor: Descriptor): Promise<GraphNode> {
    const key = `${descriptor.mediaType} ${descriptor.size} ${descriptor.digest}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node = { descriptor, ...(await readNode(this.#reader, descriptor, this.#options)) };
    this.#nodes.set(key, node);
    return node;
  }

  #count(steps: number, { reference }: BundleImage): void {
    if (this.#steps.take(steps)) return;
    const { message, limit } = this.#steps;
    throw new LimitError(`${message}, the last one was ${reference}: nothing was imported`, {
      limitName: 'steps',
      limit,
      hint: 'export the images in several bundles',
    });
  }
}

/** Opens blobs by their place in the open file, as often as an upload needs them. */
export function bundleBlobs(
  reader: BundleReader,
  signal: AbortSignal | undefined,
): (blob: Descriptor) => () => Readable {
  return (blob) => () =>
    // Hashed again on its way out: the file could have been written to since it was validated.
    verifiedStream(reader.streamEntry(blobPath(blob.digest), { signal }), blob, 'the bundle');
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
