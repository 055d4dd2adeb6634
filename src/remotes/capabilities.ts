import type { AbortableOptions } from '../content/abort.js';
import { checkOptions } from '../content/check-options.js';
import type { OciErrorCode } from '../errors/index.js';
import { probeOptions } from './option-schemas.js';
import type { Resolver } from './types.js';

/** One of the five things a registry is probed for. */
export type CapabilityName =
  | 'version-header'
  | 'referrers-api'
  | 'chunked-upload'
  | 'cross-repository-mount'
  | 'delete';

/** What a probe found out about one capability. */
export interface CapabilityFinding {
  /** The capability. */
  readonly name: CapabilityName;
  /** Whether the registry has it; `unknown` where nobody asked, or where the answer says neither. */
  readonly state: 'supported' | 'unsupported' | 'unknown';
  /**
   * What the registry did; where a plain look at status or header would say otherwise, what that would have said; for
   * `unknown` why it is. Escaped for a terminal.
   */
  readonly evidence: string;
  /** Code of the fault, or of the refusal, that left it open; absent elsewhere. */
  readonly fault?: OciErrorCode | undefined;
}

/** What a registry can do, found out by asking it. */
export interface RegistryCapabilities {
  /** Registry, as references name it. */
  readonly registry: string;
  /** Repository that was asked. */
  readonly repository: string;
  /** `host[:port]` that was asked: the one whose list of referrers decides. */
  readonly host: string;
  /** What the registry says of its version, escaped; undefined where it says nothing. */
  readonly version: string | undefined;
  /** Whether referrers are listed by the referrers API. */
  readonly referrersApi: boolean;
  /** Whether the referrers tag is read where the API is missing: `fallbackHosts` of the resolver. */
  readonly fallbackTags: boolean;
  /** Always the five, in the order of {@link CapabilityName}. */
  readonly capabilities: readonly CapabilityFinding[];
  /** How many of the five are there. */
  readonly supported: number;
  /** Milliseconds the probe took, with every request it made. */
  readonly probeMs: number;
  /** True for an earlier answer, which is kept for `capabilityTtlMs`. */
  readonly cached: boolean;
  /** What an operator should look at, such as content that could not be removed again; often nothing. */
  readonly warnings: readonly string[];
}

/** Options of {@link probeCapabilities}. */
export interface ProbeOptions extends AbortableOptions {
  /**
   * Also probes what only a write shows: chunked upload, mount, delete; false by default. What is written is removed
   * again.
   */
  readonly writeProbes?: boolean | undefined;
  /** Asks the registry even where an earlier answer is still good; false by default. */
  readonly refresh?: boolean | undefined;
}

/**
 * Finds out what the registry of a reference can do.
 *
 * @remarks Only what the registry does counts, not what it claims: see `docs/probe.md`. Each request is made once, without
 * retries, and all of them within `timeouts.discoveryMs`, those that only read within `timeouts.requestMs`.
 * @param resolver - reaches the registry; stays open
 * @param reference - an image that exists there; without a tag it is `latest`
 * @param options - whether to write, whether to ask anew
 * @throws OciError for every fault that leaves a capability open: `ERR_OCI_NOT_FOUND` when the image does not exist,
 * `ERR_OCI_UNAUTHORIZED`, `ERR_OCI_DENIED`, `ERR_OCI_RATE_LIMITED`, `ERR_OCI_NETWORK`, `ERR_OCI_TIMEOUT` and the others of
 * a request
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 * @example
 * ```ts
 * import { createResolver, probeCapabilities } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver();
 * const found = await probeCapabilities(resolver, 'registry.example.com/team/app:1.2');
 * console.log(found.version, found.referrersApi, `${found.supported}/5`);
 * ```
 */
export async function probeCapabilities(
  resolver: Pick<Resolver, 'probe'>,
  reference: string,
  options: ProbeOptions = {},
): Promise<RegistryCapabilities> {
  checkOptions(probeOptions, options);
  return await resolver.probe(reference, options);
}
