import { mapConcurrently } from '../content/abort.js';
import { escapeText } from '../oci/escape.js';
import { parseReference } from '../oci/reference.js';
import type { RegistryCapabilities } from '../remotes/capabilities.js';
import type { Resolver } from '../remotes/types.js';

const mostAtOnce = 4;

type Outcome =
  | { readonly registry: string; readonly found: RegistryCapabilities }
  | { readonly registry: string; readonly error: unknown };

/**
 * Probes each registry of the references once, and writes what it found where an operator's runbook looks for it.
 *
 * A probe that fails is a warning: whether there are referrers is for discovery to say, which asks again.
 */
export async function probeRegistries(
  resolver: Pick<Resolver, 'probe' | 'logger'>,
  references: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { logger } = resolver;
  const firsts = new Map<string, string>();
  for (const reference of references) {
    const { registry } = parseReference(reference);
    if (!firsts.has(registry)) firsts.set(registry, reference);
  }
  logger.info(`Probing ${firsts.size} registries for OCI referrer capabilities before export`);
  const ask = async ([registry, reference]: readonly [string, string], stop: AbortSignal): Promise<Outcome> => {
    try {
      return { registry, found: await resolver.probe(reference, { signal: stop }) };
    } catch (error) {
      signal?.throwIfAborted();
      return { registry, error };
    }
  };
  for (const outcome of await mapConcurrently([...firsts], mostAtOnce, ask, signal)) {
    if ('found' in outcome) say(logger, outcome.registry, outcome.found);
    else logger.warn(`Failed to probe capabilities for registry ${outcome.registry}: ${causeOf(outcome.error)}`);
  }
}

/** The forms are the runbook's, which greps for them; the last one is for what it does not know of. */
function say(logger: Resolver['logger'], registry: string, found: RegistryCapabilities): void {
  const { version = 'unknown', probeMs, referrersApi, fallbackTags } = found;
  const facts = `version=${version}, probe_ms=${probeMs}`;
  if (referrersApi) logger.info(`Registry ${registry}: OCI 1.1 (referrers API supported, ${facts})`);
  else if (fallbackTags) logger.warn(`Registry ${registry}: OCI 1.0 (using fallback tag discovery, ${facts})`);
  else
    logger.warn(`Registry ${registry}: OCI 1.0 (no referrers API, and fallback tag discovery is turned off, ${facts})`);
}

function causeOf(error: unknown): string {
  return escapeText(error instanceof Error ? error.message : String(error), 1024);
}
