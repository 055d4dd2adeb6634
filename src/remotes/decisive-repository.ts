import { type HostCapability, hostsWith } from './hosts.js';
import type { Repository } from './repository.js';

/**
 * Picks the host whose word counts: of those with the capability the registry itself, or a mirror that may speak alone, else the
 * first.
 */
export function decisiveRepository(
  repositories: readonly Repository[],
  capability: HostCapability,
  registry: string,
): Repository {
  const hosts = repositories.map(({ host }) => host);
  const eligible = new Set(hostsWith(hosts, capability, registry));
  const able = repositories.filter(({ host }) => eligible.has(host));
  const found = able.find(({ isAuthoritative }) => isAuthoritative) ?? able[0];
  if (found === undefined) throw new TypeError('a host without its repository');
  return found;
}
