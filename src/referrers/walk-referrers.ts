import { Readable } from 'node:stream';
import type { ReferrersSource } from '../content/sources.js';
import { assertDescriptor, type Descriptor } from '../oci/descriptor.js';
import type { ReferrerNode, WalkReferrersOptions } from './graph.js';
import { walkClosure } from './walk-closure.js';
import { checkWalkReferrersOptions } from './walk-options.js';

/**
 * Walks the closure of a manifest and hands over each manifest as soon as it is fetched and verified.
 *
 * @remarks The same walk as {@link discoverReferrers}, by the same rules: the root comes first, each digest once, and
 * every manifest before what is below it; beyond that the order depends on the network. The closure is complete only when
 * the iteration ends by itself: a fault throws from it, and leaving it early stops the walk.
 * @param source - a fetcher, a layout, or anything else that fetches and lists
 * @param root - the resolved manifest to start from
 * @param options - filters, bounds and signal
 * @throws {@link LimitError} `ERR_OCI_LIMIT_EXCEEDED` when a bound is reached: the walk never just ends
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` for an option that is unknown or out of range, at once
 * @throws whatever the source throws
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 * @example
 * ```ts
 * import { createResolver, walkReferrers } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver();
 * const reference = 'registry.example.com/team/app:1.2';
 * const { descriptor } = await resolver.resolve(reference);
 * for await (const node of walkReferrers(await resolver.fetcher(reference), descriptor)) {
 *   console.log(' '.repeat(node.depth), node.role, node.descriptor.digest);
 * }
 * ```
 */
export function walkReferrers(
  source: ReferrersSource,
  root: Descriptor,
  options: WalkReferrersOptions = {},
): AsyncGenerator<ReferrerNode, void, undefined> {
  checkWalkReferrersOptions(options);
  assertDescriptor(root, 'root');
  return nodesOf(source, root, options);
}

async function* nodesOf(
  source: ReferrersSource,
  root: Descriptor,
  { onWarning, signal, ...options }: WalkReferrersOptions,
): AsyncGenerator<ReferrerNode, void, undefined> {
  const left = new AbortController();
  const merged = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  // Nodes wait here for a slow reader; maxNodes and maxGraphBytes bound them.
  const nodes = new Readable({ objectMode: true, read: () => undefined });
  const walk = async (): Promise<void> => {
    const { warnings } = await walkClosure(source, root, { ...options, signal: merged }, (node) => nodes.push(node));
    for (const warning of warnings) onWarning?.(warning);
    nodes.push(null);
  };
  const walking = walk().catch((error: unknown) => nodes.destroy(error as Error));
  try {
    yield* nodes as AsyncIterable<ReferrerNode>;
  } finally {
    left.abort();
    await walking;
  }
}
