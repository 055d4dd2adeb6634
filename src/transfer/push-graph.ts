import { mapConcurrently } from '../content/abort.js';
import type { PushTarget } from '../content/sources.js';
import { BundleError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { childrenOf } from '../oci/manifest.js';
import { isManifestType } from '../oci/media-types.js';
import type { GraphNode } from '../referrers/graph.js';
import { checkTarget } from './check-target.js';
import { Ledger } from './ledger.js';
import type { TransferItem, TransferOptions, TransferReport } from './transfer.js';

const defaultConcurrency = 4;

/**
 * Puts an image with its closure into a target: blobs, manifests children first, referrers, tags last.
 *
 * @remarks Whoever pulls by tag sees the old image or the new one with everything, never half of it. What the target
 * has already is skipped, so running again resumes. Afterwards every subject is listed on the target and compared.
 * @throws {@link BundleError} `ERR_OCI_TRANSFER_REFUSED` before anything is pushed, `ERR_OCI_TRANSFER_UNVERIFIED` after
 */
export async function pushGraph(
  target: PushTarget,
  item: TransferItem,
  options: TransferOptions = {},
): Promise<TransferReport> {
  const { signal, concurrency = defaultConcurrency } = options;
  const { graph } = item;
  const ledger = new Ledger(item, options.onProgress);
  const previousDigest = await decideTag(target, item, options);

  await mapConcurrently(
    ledger.blobs,
    concurrency,
    async (blob, stop) => {
      await pushBlob(target, item, blob, ledger, stop);
    },
    signal,
  );
  const image = nodesBelow(graph.root.digest, graph.nodes);
  for (const node of image) await pushNode(target, node, ledger, signal);
  await pushReferrers(target, item, ledger, new Set(image.map((node) => node.descriptor.digest)), options);
  if (item.tag !== undefined) await target.tag(graph.root, item.tag, { signal });

  const subjects = await checkTarget(target, item, options);
  return { target: item.target, digest: graph.root.digest, previousDigest, ...ledger.totals, subjects };
}

/** Finds what the tag points to now, and refuses to move it where the caller said so. */
async function decideTag(
  target: PushTarget,
  item: TransferItem,
  options: TransferOptions,
): Promise<string | undefined> {
  if (item.tag === undefined) return undefined;
  const current = await target.resolveTag(item.tag, { signal: options.signal });
  if (current === undefined || current.digest === item.graph.root.digest) return undefined;
  if (options.keepTags !== true) return current.digest;
  throw new BundleError(
    'ERR_OCI_TRANSFER_REFUSED',
    `${item.target} points to ${current.digest} already: nothing was pushed`,
    {
      hint: 'choose another name with --map, or allow the tag to move by leaving out --no-overwrite',
    },
  );
}

async function pushBlob(
  target: PushTarget,
  item: TransferItem,
  blob: Descriptor,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  if (!item.external.has(blob.digest)) {
    const { uploaded } = await target.push(blob, item.openBlob(blob), { signal });
    ledger.done(blob, uploaded);
    return;
  }
  if (!(await target.exists(blob, { signal }))) {
    throw new BundleError(
      'ERR_OCI_TRANSFER_REFUSED',
      `${item.target} lacks blob ${blob.digest}, which is not carried along`,
      {
        hint: 'import the bundle this one builds on first, or push the blob there by other means',
      },
    );
  }
  ledger.done(blob, false);
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
        if (pushed.has(referrer.digest) && isListed.has(referrer.digest)) return;
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
  if (placing.isListed) {
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
    for (const child of childrenOf(node.parsed)) if (isManifestType(child.mediaType)) add(child.digest);
    ordered.set(current, node);
  };
  add(digest);
  return [...ordered.values()];
}
