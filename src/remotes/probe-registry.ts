import { withDeadline } from '../content/abort.js';
import { TransportError } from '../errors/index.js';
import type { Reference } from '../oci/reference.js';
import { recordProbe } from '../telemetry/metrics.js';
import { inSpan } from '../telemetry/spans.js';
import type { ProbeOptions, RegistryCapabilities } from './capabilities.js';
import type { Connections } from './connections.js';
import { hostsWith } from './hosts.js';
import { findSubject, probeReferrers } from './probe-referrers.js';
import { probeVersion } from './probe-version.js';
import { leaveOpen, probeWrites, type WriteFindings } from './probe-writes.js';
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
  const repository = decisive(reference, repositories);
  const known = refresh ? undefined : connections.probes.get(repository.key, writeProbes);
  if (known !== undefined) return { ...known, cached: true };
  const capabilities = await observeProbe(reference, repository, signal, async () => {
    const found = await withinProbe(connections, repository, { writeProbes, signal }, async (stop) => {
      // Nobody waits for a registry twice over: what does not answer now is discovery's to ask again.
      await using at = connections.anew(repository, { maxRetries: 0 });
      return await probe(connections, at, reference, writeProbes, stop);
    });
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

/** The host that ends the search for referrers: the registry, or a mirror that speaks alone. */
function decisive({ registry }: Reference, repositories: readonly Repository[]): Repository {
  const hosts = repositories.map(({ host }) => host);
  const eligible = new Set(hostsWith(hosts, 'referrers', registry));
  const asked = repositories.filter(({ host }) => eligible.has(host));
  const found = asked.find(({ isAuthoritative }) => isAuthoritative) ?? asked[0];
  if (found === undefined) throw new TypeError('a host without its repository');
  return found;
}

async function probe(
  connections: Connections,
  at: Repository,
  reference: Reference,
  writeProbes: boolean,
  signal: AbortSignal,
): Promise<Found> {
  const { version, finding } = await probeVersion(at, signal);
  const subject = await findSubject(connections, at, reference, signal);
  const referrers = await probeReferrers(connections, at, subject, signal);
  const { findings, warnings } = await probeMore(connections, at, writeProbes, signal);
  return { version, capabilities: [finding, referrers, ...findings], warnings };
}

async function probeMore(
  connections: Connections,
  at: Repository,
  writeProbes: boolean,
  signal: AbortSignal,
): Promise<WriteFindings> {
  if (!writeProbes) return leaveOpen('not asked: only a write shows it (writeProbes, --write-probes)');
  const { host, capabilities } = at.host;
  if (!capabilities.includes('push')) return leaveOpen(`not asked: ${host} lacks the capability push in the hosts`);
  return await probeWrites(connections, at, signal);
}

/** Runs a probe against its deadline: one that only reads is no longer than one request may take. */
async function withinProbe<Result>(
  { options: { timeouts } }: Connections,
  at: Repository,
  { writeProbes = false, signal }: ProbeOptions,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limitMs = writeProbes ? timeouts.discoveryMs : Math.min(timeouts.requestMs, timeouts.discoveryMs);
  const expired = (): TransportError =>
    new TransportError('ERR_OCI_TIMEOUT', `${at.host.host} was not probed within ${limitMs} ms`, {
      method: 'GET',
      url: at.baseUrl.href,
      hint: `look at the load of ${at.host.host} and at the line to it, or raise timeouts.${writeProbes ? 'discoveryMs (--timeout)' : 'requestMs'}`,
    });
  return await withDeadline(limitMs, signal, expired, work);
}
