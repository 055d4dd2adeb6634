import { isIPv4 } from 'node:net';
import { ArgumentError, ReferrersError } from '../errors/index.js';
import type { TlsOptions } from '../http/types.js';
import type { HostHeaders } from './options.js';

/** What a host may be asked for. */
export type HostCapability = 'pull' | 'resolve' | 'push' | 'referrers';

/** One host that serves a registry: the registry itself, or a mirror of it. */
export interface RegistryHost {
  /** `host[:port]` to connect to. */
  readonly host: string;
  /** Scheme; by default `http` with `plainHttp`, or on loopback without TLS settings, else `https`. */
  readonly scheme?: 'http' | 'https' | undefined;
  /** Path before the repository; `/v2` by default. */
  readonly path?: string | undefined;
  /** What this host may be asked for. */
  readonly capabilities: readonly HostCapability[];
  /** Headers of this host, instead of those in the resolver's options; they stay at its origin. */
  readonly headers?: HostHeaders | undefined;
  /** TLS settings of this host, instead of those in the resolver's options. */
  readonly tls?: TlsOptions | undefined;
  /** Milliseconds to connect to this host, 1 or more, instead of `timeouts.connectMs`. */
  readonly connectMs?: number | undefined;
  /**
   * Whether this host's list of referrers counts alone; false by default for every host but the registry's own.
   *
   * @remarks A mirror that does not know the referrers API hides what its upstream has; set true for an air-gapped
   * mirror that has no upstream.
   */
  readonly authoritative?: boolean | undefined;
}

/** Gives the hosts for a registry, in the order they are asked; undefined means the registry itself. */
export type RegistryHosts = (
  registry: string,
) => readonly RegistryHost[] | undefined | Promise<readonly RegistryHost[] | undefined>;

/** The host a registry's name stands for. */
export function canonicalHost(registry: string): string {
  return registry === 'docker.io' ? 'registry-1.docker.io' : registry;
}

/** The registry itself, able to do everything. */
export function defaultHosts(registry: string): readonly RegistryHost[] {
  return [{ host: canonicalHost(registry), capabilities: ['pull', 'resolve', 'push', 'referrers'] }];
}

/** Tells whether `host[:port]` is this machine, by name or address; no name is looked up. */
export function isLoopbackHost(host: string): boolean {
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.split(':', 1)[0];
  if (name === undefined) return false;
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}

/** Picks the hosts with a capability; none is an error, never an empty answer. */
export function hostsWith(
  hosts: readonly RegistryHost[],
  capability: HostCapability,
  registry: string,
  subject?: string,
): readonly RegistryHost[] {
  const eligible = hosts.filter((host) => host.capabilities.includes(capability));
  if (eligible.length > 0) return eligible;
  const message = `no host configured for ${registry} has the capability ${capability}`;
  const hint = `add '${capability}' to the capabilities of a host`;
  if (subject !== undefined) throw new ReferrersError('ERR_OCI_REFERRERS_UNSUPPORTED', message, { subject, hint });
  throw new ArgumentError('ERR_OCI_INVALID_OPTION', message, { argument: 'hosts', hint });
}
