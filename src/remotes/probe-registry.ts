import { withDeadline } from '../content/abort.js';
import { isOciError, TransportError } from '../errors/index.js';
import type { Reference } from '../oci/reference.js';
import type { Logger } from '../telemetry/logger.js';
import { recordProbe } from '../telemetry/metrics.js';
import { inSpan } from '../telemetry/spans.js';
import type { ProbeOptions, RegistryCapabilities } from './capabilities.js';
import type { Connections } from './connections.js';
import { decisiveRepository } from './decisive-repository.js';
import { ProbeDebris } from './probe-debris.js';
import { findSubject, probeReferrers } from './probe-referrers.js';
import { probeVersion } from './probe-version.js';
import { leaveOpen, probeWrites } from './probe-writes.js';
import type { Repository } from './repository.js';

/** What a probe found, before it is counted and timed. */
type Found = Pick<RegistryCapabilities, 'version' | 'capabilities' | 'warnings'>;

/** Probes the host of a registry whose list of referrers decides, or gives an answer that is still good. */
export async function probeRegistry(
  connections: Connections,
  reference: Reference,
  repositories: readonly Repository[],
  { writeProbes = false, refresh = false, signal }: ProbeOptions,
): Promise<RegistryCapabilities> {
  signal?.throwIfAborted();
  const repository = decisiveRepository(repositories, 'referrers', reference.registry);
  const known = refresh ? undefined : connections.probes.get(repository.key, writeProbes);
  if (known !== undefined) return { ...known, cached: true };
  const capabilities = await observeProbe(reference, repository, signal, async () => {
    // Nobody waits for a registry twice over: what does not answer now is discovery's to ask again.
    await using at = connections.anew(repository, { maxRetries: 0 });
    const { logger } = connections.options;
    const found = await cleaningUp(connections, signal, logger, (debris) =>
      withinProbe(connections, repository, { writeProbes, signal }, (stop) =>
        probe({ connections, at, reference, debris }, writeProbes, stop),
      ),
    );
    return describe(connections, repository, found);
  });
  const isComplete = capabilities.capabilities.every(({ fault }) => fault === undefined);
  if (isComplete) connections.probes.set(repository.key, writeProbes, capabilities);
  return capabilities;
}

/** Runs a probe in a span, and counts how it ended. */
async function observeProbe(
  { registry, repository }: Reference,
  { host }: Repository,
  signal: AbortSignal | undefined,
  work: () => Promise<Omit<RegistryCapabilities, 'probeMs' | 'cached'>>,
): Promise<RegistryCapabilities> {
  const attributes = { 'oci.registry': registry, 'oci.repository': repository, 'server.address': host.host };
  return await inSpan('oci_referrers.probe', attributes, async (addAttributes) => {
    const startedAt = performance.now();
    const durationMs = (): number => performance.now() - startedAt;
    try {
      const capabilities = { ...(await work()), probeMs: Math.round(durationMs()), cached: false };
      const { referrersApi, supported } = capabilities;
      recordProbe({ registry, apiSupported: referrersApi, durationMs: durationMs() });
      addAttributes({ 'oci_referrers.api_supported': referrersApi, 'oci_referrers.count': supported });
      return capabilities;
    } catch (error) {
      // Whoever gives up says nothing about the registry.
      if (signal?.aborted !== true) recordProbe({ registry, apiSupported: undefined, durationMs: durationMs() });
      throw error;
    }
  });
}

function describe(
  { options }: Connections,
  { reference, host }: Repository,
  { version, capabilities, warnings }: Found,
): Omit<RegistryCapabilities, 'probeMs' | 'cached'> {
  const supported = capabilities.filter(({ state }) => state === 'supported');
  return {
    registry: reference.registry,
    repository: reference.repository,
    host: host.host,
    version,
    referrersApi: supported.some(({ name }) => name === 'referrers-api'),
    fallbackTags: options.fallbackHosts,
    capabilities,
    supported: supported.length,
    warnings,
  };
}

/** What a probe works with. */
interface Probing {
  readonly connections: Connections;
  readonly at: Repository;
  readonly reference: Reference;
  readonly debris: ProbeDebris;
}

async function probe(
  { connections, at, reference, debris }: Probing,
  writeProbes: boolean,
  signal: AbortSignal,
): Promise<Omit<Found, 'warnings'>> {
  const { version, finding } = await probeVersion(at, signal);
  const subject = await findSubject(connections, at, reference, signal);
  const referrers = await probeReferrers(connections, at, subject, signal);
  const { host, capabilities } = at.host;
  let writes = leaveOpen('not asked: only a write shows it (writeProbes, --write-probes)');
  if (writeProbes) {
    writes = capabilities.includes('push')
      ? await probeWrites(connections, at, debris, signal)
      : leaveOpen(`not asked: ${host} lacks the capability push in the hosts`);
  }
  return { version, capabilities: [finding, referrers, ...writes] };
}

/** Removes what was written, in a time of its own, whatever became of the probe; what is left is a warning, and in the error. */
async function cleaningUp(
  connections: Connections,
  signal: AbortSignal | undefined,
  logger: Logger,
  work: (debris: ProbeDebris) => Promise<Omit<Found, 'warnings'>>,
): Promise<Found> {
  const debris = new ProbeDebris(connections);
  try {
    const found = await work(debris);
    return { ...found, warnings: await debris.clean() };
  } catch (error) {
    const left = await debris.clean();
    for (const warning of left) logger.warn(warning);
    // Whoever gives up gets back the reason given.
    if (left.length === 0 || signal?.aborted === true || !isOciError(error)) throw error;
    throw error.withWords(left.join('; '));
  }
}

/** Runs a probe against its deadline: one that only reads is no longer than one request may take. */
async function withinProbe<Result>(
  { options: { timeouts } }: Connections,
  at: Repository,
  { writeProbes = false, signal }: ProbeOptions,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const isShort = !writeProbes && timeouts.requestMs < timeouts.discoveryMs;
  const limitMs = isShort ? timeouts.requestMs : timeouts.discoveryMs;
  const expired = (): TransportError =>
    new TransportError('ERR_OCI_TIMEOUT', `${at.host.host} was not probed within ${limitMs} ms`, {
      method: 'GET',
      url: at.baseUrl.href,
      hint: `look at the load of ${at.host.host} and at the line to it, or raise timeouts.${isShort ? 'requestMs' : 'discoveryMs'} (--timeout)`,
    });
  return await withDeadline(limitMs, signal, expired, work);
}
