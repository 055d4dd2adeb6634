import { createAuthorizer } from '../auth/authorizer.js';
import type { CredentialProvider } from '../auth/credentials.js';
import { createDockerConfigProvider } from '../auth/docker-config.js';
import { checkOptions } from '../content/check-options.js';
import { ArgumentError, OciError } from '../errors/index.js';
import { createHttpClient } from '../http/http-client.js';
import type { HttpClient, RegistryWarning, RetryPolicy, TlsOptions } from '../http/types.js';
import type { Dispatcher } from '../http/undici-send.js';
import type { Reference } from '../oci/reference.js';
import { CapabilityCache, remember } from './capability-cache.js';
import { canonicalHost, defaultHosts, type RegistryHost } from './hosts.js';
import { registryHosts } from './option-schemas.js';
import type { HostHeaders, ResolvedOptions } from './options.js';
import { ProbeCache } from './probe-cache.js';
import { Repository } from './repository.js';

/** Everything a resolver shares between its fetchers and pushers: one client per host, and what is known about each. */
export class Connections implements AsyncDisposable {
  readonly options: ResolvedOptions;
  readonly capabilities: CapabilityCache;
  /** What whole probes found. */
  readonly probes: ProbeCache;
  readonly #warned = new Map<string, true>();
  readonly #clients = new Map<string, HttpClient>();
  readonly #credentials: CredentialProvider;
  #closed = false;

  constructor(options: ResolvedOptions) {
    this.options = options;
    this.capabilities = new CapabilityCache(options.capabilityTtlMs);
    this.probes = new ProbeCache(options.capabilityTtlMs);
    const fromDocker = createDockerConfigProvider({ path: options.registryConfig });
    this.#credentials = async (host, context) =>
      (await options.credentials?.(host, context)) ?? (await fromDocker(host, context));
  }

  /** Returns the hosts of a reference's registry as repositories, in the order they are asked. */
  async repositories(reference: Reference): Promise<readonly Repository[]> {
    if (this.#closed) {
      throw new OciError('ERR_OCI_CLOSED', 'the resolver has been closed', { hint: 'create a new resolver' });
    }
    const given = (await this.options.hosts?.(reference.registry)) ?? defaultHosts(reference.registry);
    checkOptions(registryHosts, given, 'hosts');
    const hosts = given.map((host) => ({ ...host, host: host.host.toLowerCase() }));
    assertOwnConnections(hosts, this.options.dispatcher);
    return hosts.map((host) => new Repository(this.#clientFor(host, reference.registry), host, reference));
  }

  /** The same repository on connections, and with tokens, that nobody has used before; disposing closes them. */
  anew(repository: Repository, policy: Partial<RetryPolicy> = {}): Repository & AsyncDisposable {
    const retry = { ...this.options.retry, ...policy };
    const client = this.#createClient(repository.host, repository.reference.registry, retry);
    const fresh = new Repository(client, repository.host, repository.reference);
    return Object.assign(fresh, { [Symbol.asyncDispose]: () => client.close() });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.all(clients.map((client) => client.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #clientFor(host: RegistryHost, registry: string): HttpClient {
    const { origin, headers, tls } = this.#settingsOf(host);
    // Two host entries with the same origin and other secrets must not share connections or tokens.
    const key = JSON.stringify([origin, headers, tls, host.connectMs]);
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const client = this.#createClient(host, registry);
    this.#clients.set(key, client);
    return client;
  }

  #createClient(host: RegistryHost, registry: string, retry: RetryPolicy = this.options.retry): HttpClient {
    const { origin, headers, tls } = this.#settingsOf(host);
    const { limits, logger, proxyFor, dispatcher, tokenRealms } = this.options;
    const connectMs = host.connectMs ?? this.options.timeouts.connectMs;
    const timeouts = { ...this.options.timeouts, connectMs };
    // Docker Hub's credentials are filed under docker.io, whatever host serves it.
    const credentialHost = host.host === canonicalHost(registry) ? registry : host.host;
    const authorizer = createAuthorizer({
      origin,
      host: credentialHost,
      credentials: this.#credentials,
      tokenRealms,
      limits,
      retry,
      timeouts,
      tls,
      logger,
      proxyFor,
      dispatcher,
    });
    const onWarning = this.options.onWarning === undefined ? undefined : this.#passWarningOn;
    const shared = { origin, headers, tls, authorizer, retry, timeouts, limits, logger, onWarning };
    return createHttpClient({ ...shared, proxyFor, dispatcher });
  }

  /** A host may have more than one client, and a warning comes to each. */
  readonly #passWarningOn = (warning: RegistryWarning): void => {
    const key = `${warning.host} ${warning.text}`;
    if (this.#warned.has(key)) return;
    remember(this.#warned, key, true);
    this.options.onWarning?.(warning);
  };

  #settingsOf(host: RegistryHost): { origin: string; headers: HostHeaders; tls: TlsOptions | undefined } {
    const tls = host.tls ?? this.options.tlsFor(host.host);
    const scheme = host.scheme ?? (this.options.isPlainHttp(host.host, tls) ? 'http' : 'https');
    const { origin } = new URL(`${scheme}://${host.host}`);
    return { origin, headers: host.headers ?? this.options.headersFor(host.host), tls };
  }
}

function assertOwnConnections(hosts: readonly RegistryHost[], dispatcher: Dispatcher | undefined): void {
  const host = hosts.find(({ tls, connectMs }) => tls !== undefined || connectMs !== undefined);
  if (dispatcher === undefined || host === undefined) return;
  const reason = 'excludes tls and connectMs of a host: the dispatcher brings its own connections';
  throw new ArgumentError('ERR_OCI_INVALID_OPTION', `option dispatcher: ${reason} (${host.host})`, {
    argument: 'dispatcher',
    hint: 'leave the dispatcher out, or set up TLS and timeouts in it',
  });
}
