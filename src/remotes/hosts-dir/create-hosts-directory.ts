import { join, resolve } from 'node:path';
import { ArgumentError } from '../../errors/index.js';
import { isRegistryHost } from '../../oci/reference.js';
import type { RegistryHost, RegistryHosts } from '../hosts.js';
import { namesIn, readRegistryDirectory } from './read-registry-directory.js';

/** A closure asks for the hosts of one registry over and over, and a file of every authority takes 25 ms to check. */
const keptMs = 1_000;
const maxKept = 100;

/**
 * Takes the hosts of registries from a directory in containerd's form, such as `/etc/containerd/certs.d`.
 *
 * @remarks A registry's directory is `HOST_PORT_`, `HOST:PORT` or `HOST`, else `_default`; in it is a `hosts.toml`, or, where
 * there is none, certificates as Docker has them: `*.crt` are authorities, `*.cert` and `*.key` show who is asking. Files are
 * read when a registry is used, and again after a second, so a change counts without a new resolver. Where containerd logs what
 * it cannot read and goes to the registry itself, this is an error of that registry: unknown keys, wrong types and
 * certificates that are none. A registry without a directory is asked itself. `docs/mirrors.md` says more.
 * @param path - the directory; it has to be there when the first registry is used
 * @returns for {@link ResolverOptions.hosts}; it throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`, naming file and key
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` for an empty path
 * @see https://github.com/containerd/containerd/blob/v2.2.0/docs/hosts.md
 * @example
 * ```ts
 * import { createHostsDirectory, createResolver } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver({ hosts: createHostsDirectory('/etc/containerd/certs.d') });
 * const { descriptor } = await resolver.resolve('docker.io/library/alpine:3.22');
 * console.log(descriptor.digest);
 * ```
 */
export function createHostsDirectory(path: string): RegistryHosts {
  if (typeof path !== 'string' || path === '') {
    throw new ArgumentError('ERR_OCI_INVALID_OPTION', 'the directory of hosts is no path', { argument: 'path' });
  }
  const root = resolve(path);
  const kept = new Map<string, { readonly hosts: ReturnType<typeof findHosts>; readonly until: number }>();
  return async (given) => {
    const registry = given.toLowerCase();
    // Nothing but a host becomes part of a path.
    if (!isRegistryHost(registry)) {
      throw new ArgumentError('ERR_OCI_INVALID_REFERENCE', `${JSON.stringify(registry)} is not HOST or HOST:PORT`, {
        argument: 'registry',
      });
    }
    const known = kept.get(registry);
    if (known !== undefined && known.until > performance.now()) return await known.hosts;
    if (kept.size >= maxKept) kept.clear();
    const hosts = findHosts(root, registry);
    kept.set(registry, { hosts, until: performance.now() + keptMs });
    try {
      return await hosts;
    } catch (error) {
      kept.delete(registry);
      throw error;
    }
  };
}

async function findHosts(root: string, registry: string): Promise<readonly RegistryHost[] | undefined> {
  const names = await namesIn(root);
  const wanted = directoryNames(registry);
  // Made by hand, it may be named in other letters than the host has in a reference.
  const inOther = (candidate: string): string | undefined =>
    [...names].sort().find((name) => name.toLowerCase() === candidate);
  const name = wanted.map((one) => (names.has(one) ? one : inOther(one))).find((one) => one !== undefined);
  return name === undefined ? undefined : await readRegistryDirectory(join(root, name), registry);
}

/** The directories a registry may have, the one that counts first. */
function directoryNames(registry: string): readonly string[] {
  return [registry.replace(/:(\d+)$/, '_$1_'), registry, '_default'];
}
