import { mapConcurrently } from '../content/abort.js';
import type { PushTarget } from '../content/sources.js';
import { RegistryError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { manifestsBelow } from '../oci/manifest.js';
import type { GraphNode, ReferrersGraph } from '../referrers/graph.js';
import { checkTarget } from './check-target.js';
import { Ledger } from './ledger.js';
import type { MovedTag, TransferItem, TransferOptions, TransferReport } from './transfer.js';

const defaultConcurrency = 4;

/**
 * Puts an image with its closure into a target: blobs, manifests children first, referrers, tags last.
 *
 * @remarks Whoever pulls by tag sees the old image or the new one with everything, never half of it. What the target
 * has already is skipped, so running again resumes. Afterwards every subject is listed on the target and compared.
 * @param movedTags - what {@link checkBeforePush} found, for the report
 * @throws {@link BundleError} `ERR_OCI_TRANSFER_UNVERIFIED` when the target does not list what was pushed
 */
export async function pushGraph(
  target: PushTarget,
  item: TransferItem,
  movedTags: readonly MovedTag[],
  options: TransferOptions = {},
): Promise<TransferReport> {
  const { signal, concurrency = defaultConcurrency } = options;
  const { graph } = item;
  const ledger = new Ledger(item, options.onProgress);
  await mapConcurrently(
    ledger.blobs,
    concurrency,
    async (blob, stop) => {
      ledger.done(blob, await pushBlob(target, item, blob, stop));
      item.mounts?.done(blob.digest);
    },
    signal,
  );
  await item.beforeTags?.();
  const image = nodesBelow(graph.root.digest, graph.nodes);
  for (const node of image) await pushNode(target, node, graph.nodes, ledger, signal);
  await pushReferrers(target, item, ledger, new Set(image.map((node) => node.descriptor.digest)), options);
  await item.beforeTags?.();
  if (item.tag !== undefined) await target.tag(graph.root, item.tag, { signal });
  else await target.keep?.(graph.root, { signal });

  const subjects = await checkTarget(target, item, options);
  const previousDigest = movedTags.find(({ tag }) => tag === item.tag)?.previousDigest;
  const absent = absentFrom(graph);
  return {
    target: item.target,
    digest: graph.root.digest,
    previousDigest,
    movedTags,
    ...ledger.totals,
    absent,
    subjects,
  };
}

/** Returns the digests of manifests that an index names and that are not carried along. */
export function absentFrom({ nodes }: ReferrersGraph): readonly string[] {
  const children = [...nodes.values()].flatMap(({ parsed }) => manifestsBelow(parsed));
  return [...new Set(children.map(({ digest }) => digest))].filter((digest) => !nodes.has(digest)).sort();
}

async function pushBlob(
  target: PushTarget,
  item: TransferItem,
  blob: Descriptor,
  signal: AbortSignal,
): Promise<'uploaded' | 'mounted' | 'skipped'> {
  const { mounts } = item;
  const places = mounts?.from(blob.digest) ?? [];
  if (places.length > 0) {
    if (await target.exists(blob, { signal })) return 'skipped';
    for (const place of places) {
      if (await target.mount(blob, place, { signal })) return 'mounted';
      mounts?.refused(place);
    }
  }
  const { uploaded } = await target.push(blob, item.openBlob(blob), { signal });
  return uploaded ? 'uploaded' : 'skipped';
}

/** Pushes a manifest; many registries refuse an index whose platforms are not all there. */
async function pushWhole(
  target: PushTarget,
  { descriptor, bytes, parsed }: GraphNode,
  nodes: ReadonlyMap<string, GraphNode>,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await target.push(descriptor, bytes, { signal });
  } catch (error) {
    const absent = manifestsBelow(parsed).filter(({ digest }) => !nodes.has(digest)).length;
    const isRefused = error instanceof RegistryError && [400, 404, 422].includes(error.status);
    if (absent === 0 || !isRefused) throw error;
    const hint =
      'carry all platforms along, choose a single image by its digest, or ask for a registry that keeps sparse indexes';
    throw error.withWords(
      `${absent} platforms of this index were left out, and the registry may want all of them`,
      hint,
    );
  }
}

async function pushNode(
  target: PushTarget,
  node: GraphNode,
  nodes: ReadonlyMap<string, GraphNode>,
  ledger: Ledger,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isThere = await target.exists(node.descriptor, { signal });
  if (!isThere) await pushWhole(target, node, nodes, signal);
  ledger.done(node.descriptor, isThere ? 'skipped' : 'uploaded');
}

/** Pushes referrers in the order of the lists: a subject is always there before what refers to it. */
async function pushReferrers(
  target: PushTarget,
  item: TransferItem,
  ledger: Ledger,
  pushed: Set<string>,
  options: TransferOptions,
): Promise<void> {
  const { signal } = options;
  const atOnce = Math.max(options.concurrency ?? defaultConcurrency, target.referrersAtOnce ?? 1);
  for (const { subject, referrers, tags } of item.graph.subjects) {
    if (referrers.length === 0) continue;
    const { referrers: listed } = await target.listReferrers(subject, { signal });
    const isListed = new Set(listed.map((descriptor) => descriptor.digest));
    await mapConcurrently(
      referrers,
      atOnce,
      async (referrer, stop) => {
        const isDone = pushed.has(referrer.digest) && isListed.has(referrer.digest);
        if (isDone && !tags.has(referrer.digest)) return;
        pushed.add(referrer.digest);
        const placing = { tag: tags.get(referrer.digest), isListed: isListed.has(referrer.digest) };
        await pushReferrer(target, item, referrer, placing, ledger, stop);
      },
      signal,
    );
  }
}

async function pushReferrer(
  target: PushTarget,
  item: TransferItem,
  referrer: Descriptor,
  placing: { readonly tag: string | undefined; readonly isListed: boolean },
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const nodes = nodesBelow(referrer.digest, item.graph.nodes);
  const self = nodes.at(-1);
  if (self === undefined) throw new TypeError(`the graph lists ${referrer.digest} and does not hold it`);
  for (const child of nodes.slice(0, -1)) await pushNode(target, child, item.graph.nodes, ledger, signal);
  if (placing.isListed && placing.tag === undefined) {
    await pushNode(target, self, item.graph.nodes, ledger, signal);
    return;
  }
  // Pushed even if the manifest is there: a registry without the API lists it only when it is pushed with its subject.
  const { uploaded } = await target.push(self.descriptor, self.bytes, { signal, tag: placing.tag });
  ledger.done(self.descriptor, uploaded ? 'uploaded' : 'skipped');
}

/** Returns a manifest and every manifest it consists of, children first, each once. */
function nodesBelow(digest: string, nodes: ReadonlyMap<string, GraphNode>): readonly GraphNode[] {
  const ordered = new Map<string, GraphNode>();
  const seen = new Set<string>();
  const add = (current: string): void => {
    const node = nodes.get(current);
    if (node === undefined || seen.has(current)) return;
    seen.add(current);
    for (const child of manifestsBelow(node.parsed)) add(child.digest);
    ordered.set(current, node);
  };
  add(digest);
  return [...ordered.values()];
}
