import type { AbortableOptions } from '../content/abort.js';
import { checkOptions } from '../content/check-options.js';
import { RegistryError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { formatReference, parseReference, type Reference } from '../oci/reference.js';
import type { ProbeOptions, RegistryCapabilities } from './capabilities.js';
import { Connections } from './connections.js';
import { createFetcher } from './fetcher.js';
import { hostsWith } from './hosts.js';
import { describeManifest } from './manifest-descriptor.js';
import { probeOptions } from './option-schemas.js';
import type { ResolverOptions } from './options.js';
import { probeRegistry } from './probe-registry.js';
import { createPusher } from './pusher.js';
import type { Repository } from './repository.js';
import { resolveOptions } from './resolve-options.js';
import { tryRepositories } from './try-repositories.js';
import type { Fetcher, Pusher, Resolved, Resolver } from './types.js';

/**
 * Creates a resolver: the way from references to descriptors, fetchers and pushers.
 *
 * @remarks Connections, tokens and what is known about registries are shared by everything it creates, and by nothing
 * else. Close it when done; `await using` does.
 * @param options - credentials, hosts, TLS, limits; every field may be left out
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`, naming the option
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 * @example
 * ```ts
 * import { createResolver } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver();
 * const reference = 'registry.example.com/team/app:1.2';
 * const { descriptor } = await resolver.resolve(reference);
 * const fetcher = await resolver.fetcher(reference);
 * const sboms = await fetcher.fetchReferrers(descriptor, 'application/vnd.cyclonedx+json');
 * console.log(sboms.map((sbom) => sbom.digest));
 * ```
 */
export function createResolver(options: ResolverOptions = {}): Resolver {
  const connections = new Connections(resolveOptions(options));
  const open = async (text: string): Promise<[Reference, readonly Repository[]]> => {
    const reference = parseReference(text);
    return [reference, await connections.repositories(reference)];
  };
  return {
    async resolve(text: string, { signal }: AbortableOptions = {}): Promise<Resolved> {
      const [reference, repositories] = await open(text);
      return await resolveReference(connections, reference, repositories, signal);
    },
    async fetcher(text: string, { signal }: AbortableOptions = {}): Promise<Fetcher> {
      const [reference, repositories] = await open(text);
      return createFetcher(connections, reference, repositories, signal);
    },
    async pusher(text: string, { signal }: AbortableOptions = {}): Promise<Pusher> {
      const [reference, repositories] = await open(text);
      return createPusher(connections, reference, repositories, signal);
    },
    async probe(text: string, probing: ProbeOptions = {}): Promise<RegistryCapabilities> {
      checkOptions(probeOptions, probing);
      const [reference, repositories] = await open(text);
      return await probeRegistry(connections, reference, repositories, probing);
    },
    logger: connections.options.logger,
    close: () => connections.close(),
    [Symbol.asyncDispose]: () => connections.close(),
  };
}

async function resolveReference(
  connections: Connections,
  reference: Reference,
  repositories: readonly Repository[],
  signal: AbortSignal | undefined,
): Promise<Resolved> {
  const named = reference.digest ?? reference.tag ?? 'latest';
  const eligible = new Set(
    hostsWith(
      repositories.map(({ host }) => host),
      'resolve',
      reference.registry,
    ),
  );
  const candidates = repositories.filter(({ host }) => eligible.has(host));
  const resolveAt = async (at: Repository): Promise<Descriptor> => {
    const descriptor = await describeManifest(at, named, { limits: connections.options.limits, signal });
    if (descriptor === undefined) throw notFound(at, reference, named);
    // The digest the caller gave is the one that counts; a registry that answers another one is caught on fetch.
    const pinned = reference.digest === undefined ? descriptor : { ...descriptor, digest: reference.digest };
    connections.capabilities.addSubject(at.key, pinned.digest);
    return pinned;
  };
  const descriptor = await tryRepositories(candidates, resolveAt, signal);
  const { registry, repository } = reference;
  return { name: formatReference({ registry, repository, digest: descriptor.digest }), descriptor };
}

function notFound(at: Repository, reference: Reference, named: string): RegistryError {
  return new RegistryError(
    'ERR_OCI_NOT_FOUND',
    `resolve ${formatReference(reference)}: ${at.host.host} has no such image`,
    {
      method: 'HEAD',
      url: at.url('manifests', named).href,
      status: 404,
      hint: 'check the spelling of repository and tag, and that the credentials may see it',
    },
  );
}
