import { mapConcurrently } from '../content/abort.js';
import type { PushTarget } from '../content/sources.js';
import type { Descriptor } from '../oci/descriptor.js';
import { manifestsBelow } from '../oci/manifest.js';
import type { GraphNode } from '../referrers/graph.js';
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
      const { uploaded } = await target.push(blob, item.openBlob(blob), { signal: stop });
      ledger.done(blob, uploaded);
    },
    signal,
  );
  const image = nodesBelow(graph.root.digest, graph.nodes);
  for (const node of image) await pushNode(target, node, ledger, signal);
  await pushReferrers(target, item, ledger, new Set(image.map((node) => node.descriptor.digest)), options);
  if (item.tag !== undefined) await target.tag(graph.root, item.tag, { signal });

  const subjects = await checkTarget(target, item, options);
  const previousDigest = movedTags.find(({ tag }) => tag === item.tag)?.previousDigest;
  return { target: item.target, digest: graph.root.digest, previousDigest, movedTags, ...ledger.totals, subjects };
}

async function pushNode(
  target: PushTarget,
  node: GraphNode,
  ledger: Ledger,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isThere = await target.exists(node.descriptor, { signal });
  if (!isThere) await target.push(node.descriptor, node.bytes, { signal });
  ledger.done(node.descriptor, !isThere);
}

/** Pushes referrers in the order of the lists: a subject is always there before what refers to it. */
async function pushReferrers(
  target: PushTarget,
  item: TransferItem,
  ledger: Ledger,
  pushed: Set<string>,
  options: TransferOptions,
): Promise<void> {
  const { signal, concurrency = defaultConcurrency } = options;
  for (const { subject, referrers, tags } of item.graph.subjects) {
    if (referrers.length === 0) continue;
    const { referrers: listed } = await target.listReferrers(subject, { signal });
    const isListed = new Set(listed.map((descriptor) => descriptor.digest));
    await mapConcurrently(
      referrers,
      concurrency,
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
  for (const child of nodes.slice(0, -1)) await pushNode(target, child, ledger, signal);
  if (placing.isListed && placing.tag === undefined) {
    await pushNode(target, self, ledger, signal);
    return;
  }
  // Pushed even if the manifest is there: a registry without the API lists it only when it is pushed with its subject.
  const { uploaded } = await target.push(self.descriptor, self.bytes, { signal, tag: placing.tag });
  ledger.done(self.descriptor, uploaded);
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
