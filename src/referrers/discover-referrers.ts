import type { ReferrersSource } from '../content/sources.js';
import { assertDescriptor, type Descriptor } from '../oci/descriptor.js';
import type { ReferrersGraph, WalkOptions } from './graph.js';
import { walkClosure } from './walk-closure.js';
import { checkWalkOptions } from './walk-options.js';

/**
 * Walks from a manifest to everything it consists of and everything that refers to any of it.
 *
 * @remarks Platform manifests, nested indexes and referrers of referrers are followed; each digest is visited once, so a
 * cycle ends. Every manifest is fetched by digest and verified, and a referrer counts only when its own `subject` names
 * the manifest it was listed for; otherwise it is left out with a warning. Lists are asked for without a server filter,
 * because the types in lists are unreliable.
 * @param source - a fetcher, a layout, or anything else that fetches and lists
 * @param root - the resolved manifest to start from
 * @param options - filters, bounds and signal
 * @throws {@link LimitError} `ERR_OCI_LIMIT_EXCEEDED` when a bound is reached: the graph is never cut short in silence
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` for an option that is unknown or out of range, and for a
 * platform that the root does not have
 * @throws whatever the source throws, unless `onDiscoveryError` is `warn`
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function discoverReferrers(
  source: ReferrersSource,
  root: Descriptor,
  options: WalkOptions = {},
): Promise<ReferrersGraph> {
  checkWalkOptions(options);
  assertDescriptor(root, 'root');
  return await walkClosure(source, root, options);
}
