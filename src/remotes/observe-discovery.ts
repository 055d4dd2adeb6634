import type { ReferrersList } from '../content/sources.js';
import { isOciError } from '../errors/index.js';
import type { Reference } from '../oci/reference.js';
import type { Logger } from '../telemetry/logger.js';
import { recordDiscovery, recordDiscoveryFailure } from '../telemetry/metrics.js';
import { faultName, inSpan } from '../telemetry/spans.js';

/** A discovery, for whoever watches it. */
export interface ObservedDiscovery {
  readonly reference: Reference;
  /** Digest of the subject. */
  readonly digest: string;
  /** The caller's; what ends by it is no failure of the registry. */
  readonly signal: AbortSignal | undefined;
  readonly logger: Logger;
}

/** Discovers the referrers of one subject in a span, counts how it ended, and says so in one line of the log. */
export async function observeDiscovery(
  { reference, digest, signal, logger }: ObservedDiscovery,
  discover: () => Promise<ReferrersList>,
): Promise<ReferrersList> {
  const { registry, repository } = reference;
  const attributes = { 'oci.registry': registry, 'oci.repository': repository, 'oci.manifest.digest': digest };
  const what = `${registry}/${repository}: referrers of ${digest}`;
  return await inSpan('oci_referrers.discover', attributes, async (addAttributes) => {
    const start = performance.now();
    try {
      const list = await discover();
      const durationMs = performance.now() - start;
      const method = list.source === 'api' ? 'native' : 'fallback';
      const count = list.referrers.length + list.legacy.length;
      recordDiscovery({ registry, method, durationMs });
      addAttributes({ 'oci_referrers.method': method, 'oci_referrers.count': count, 'server.address': list.host });
      logger.debug(
        `${what}: ${count} confirmed, method=${method}, host=${list.host}, discovery_ms=${Math.round(durationMs)}`,
      );
      return list;
    } catch (error) {
      const durationMs = performance.now() - start;
      // Whoever gives up, or gives up the rest of a closure for the fault of another subject, has found no fault here.
      const isGivenUp = signal?.aborted === true && error === signal.reason;
      if (!isGivenUp) recordDiscoveryFailure({ registry, durationMs });
      const reason = isGivenUp ? 'given up' : isOciError(error) ? `${error.code}, ${error.message}` : faultName(error);
      logger.debug(`${what}: not confirmed, discovery_ms=${Math.round(durationMs)}: ${reason}`);
      throw error;
    }
  });
}
