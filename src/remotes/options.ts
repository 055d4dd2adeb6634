import type { CredentialProvider } from '../auth/credentials.js';
import type { Limits } from '../content/limits.js';
import type { ChooseProxy, ProxyOption } from '../http/proxy.js';
import type { RegistryWarning, RetryPolicy, Timeouts, TlsOptions } from '../http/types.js';
import type { Dispatcher } from '../http/undici-send.js';
import type { Logger } from '../telemetry/logger.js';
import type { RegistryHosts } from './hosts.js';

/** Headers of one host. */
export type HostHeaders = Readonly<Record<string, string>>;

/** Options of {@link createResolver}; every field may be left out, unknown fields are errors. */
export interface ResolverOptions {
  /** Hosts to ask for a registry, in order; the registry itself when absent. */
  readonly hosts?: RegistryHosts | undefined;
  /** Credentials by host; Docker's configuration and then anonymous access when absent or undefined is returned. */
  readonly credentials?: CredentialProvider | undefined;
  /**
   * Docker's configuration, the file, for credentials; found through `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG` or the home
   * directory when absent. A file that is named here has to be there.
   */
  readonly registryConfig?: string | undefined;
  /** Plain HTTP for every registry, or for the named `host[:port]`, in whatever letters; loopback addresses without TLS settings use it too. */
  readonly plainHttp?: boolean | readonly string[] | undefined;
  /**
   * TLS settings by `host[:port]`, in whatever letters (a function is asked in lower case); a client certificate is shown to that host alone.
   *
   * @example
   * ```ts
   * import { readFileSync } from 'node:fs';
   * import { createResolver } from '@stellaops/oci-referrers';
   *
   * const ca = readFileSync('registry-ca.pem', 'utf8');
   * await using resolver = createResolver({ tls: { 'registry.example.com:5000': { ca } } });
   * ```
   */
  readonly tls?: Readonly<Record<string, TlsOptions>> | ((host: string) => TlsOptions | undefined) | undefined;
  /**
   * The proxy that registries, token services and stores are reached through. `environment` (default) reads
   * `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` once, lower case first, the latter by Go's rules; false uses
   * none.
   *
   * @remarks Loopback is never proxied. HTTPS goes through a tunnel: the proxy sees host and port, no header and no body.
   * It looks up the names, so that addresses behind them cannot be checked here; those written as such are.
   */
  readonly proxy?: ProxyOption | undefined;
  /** Headers by `host[:port]`, as in `tls`; they stay at that origin. Those with credentials (`Authorization`,
   * `Cookie`) and those of the connection (`Host`, `Content-Length`, `Proxy-*` and the like) are refused. */
  readonly headers?: Readonly<Record<string, HostHeaders>> | ((host: string) => HostHeaders | undefined) | undefined;
  /** Whether registries without the referrers API are asked for the referrers tag schema; true by default. */
  readonly fallbackHosts?: boolean | undefined;
  /** Answers of the referrers API that also count as "not supported": 400, 410 and 424, none by default. */
  readonly fallbackOn?: readonly (400 | 410 | 424)[] | undefined;
  /** Also finds cosign's older `.sig`, `.att` and `.sbom` tags; false by default. */
  readonly legacyTags?: boolean | undefined;
  /** Bounds on what is read. */
  readonly limits?: Partial<Limits> | undefined;
  /** When requests are sent again; 0 turns retries off. */
  readonly retry?: Partial<RetryPolicy> | 0 | undefined;
  /** How long anything may take. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** How long a confirmed answer about the referrers API is kept, in milliseconds; 300,000 by default, 0 turns it off. */
  readonly capabilityTtlMs?: number | undefined;
  /** Sends a single artifact type to the server too; true by default. The filter is applied here in any case. */
  readonly serverFilter?: boolean | undefined;
  /** Where a registry may send its tokens to be fetched: any HTTPS host (default), its own host, or the named hosts. */
  readonly tokenRealms?: 'any-https' | 'same-host' | readonly string[] | undefined;
  /** Called for each `Warning: 299` of a registry, each text once per host. */
  readonly onWarning?: ((warning: RegistryWarning) => void) | undefined;
  /** Where to write what is being done; `debug` under `oci-referrers:*` by default. */
  readonly logger?: Logger | undefined;
  /** An undici dispatcher of the caller's, which the resolver never closes; excludes `tls` and `proxy`. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly hosts: RegistryHosts | undefined;
  readonly credentials: CredentialProvider | undefined;
  readonly registryConfig: string | undefined;
  readonly isPlainHttp: (host: string, tls: TlsOptions | undefined) => boolean;
  readonly tlsFor: (host: string) => TlsOptions | undefined;
  readonly proxyFor: ChooseProxy | undefined;
  readonly headersFor: (host: string) => HostHeaders;
  readonly fallbackHosts: boolean;
  readonly fallbackOn: readonly number[];
  readonly legacyTags: boolean;
  readonly limits: Limits;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  readonly capabilityTtlMs: number;
  readonly serverFilter: boolean;
  readonly tokenRealms: 'any-https' | 'same-host' | readonly string[];
  readonly onWarning: ((warning: RegistryWarning) => void) | undefined;
  readonly logger: Logger;
  readonly dispatcher: Dispatcher | undefined;
}
