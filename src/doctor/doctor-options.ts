import { z } from 'zod';
import type { AbortableOptions } from '../content/abort.js';
import { checkOptions } from '../content/check-options.js';
import { ArgumentError } from '../errors/index.js';
import { isRepositoryName, isTag, parseReference, type Reference } from '../oci/reference.js';
import { canonicalHost, defaultHosts, type RegistryHost } from '../remotes/hosts.js';
import type { ResolverOptions } from '../remotes/options.js';
import { resolveOptions } from '../remotes/resolve-options.js';
import { parseRegistryUrl, type RegistryAddress } from './registry-address.js';

/** Options of {@link runDoctor}; connections are set up as those of a resolver. */
export interface DoctorOptions
  extends Omit<ResolverOptions, 'legacyTags' | 'serverFilter' | 'capabilityTtlMs'>,
    AbortableOptions {
  /** The registry: `https://registry.example.com`, `registry.example.com:5000`; with `http://` it is spoken to in plain HTTP. */
  readonly registryUrl: string;
  /** Repository of an image that is there; `library/alpine` by default. */
  readonly testRepository?: string | undefined;
  /** Tag of that image; `latest` by default. */
  readonly testTag?: string | undefined;
  /** User name for this registry alone; `credentials` and Docker's configuration count where there is none of these three. */
  readonly username?: string | undefined;
  /** Password for this registry alone. */
  readonly password?: string | undefined;
  /** A token that this registry takes itself, sent as `Bearer`; it excludes user name and password. */
  readonly token?: string | undefined;
  /** Names of the checks to run; all of them by default. */
  readonly checks?: readonly string[] | undefined;
  /** Runs the checks that have one of these tags, too. */
  readonly tags?: readonly string[] | undefined;
  /** Also tries what only a write shows: opens an upload and cancels it, probes what writing can do; false by default. */
  readonly writeProbes?: boolean | undefined;
  /**
   * Flags that the `oci-referrers` commands in the report repeat, since they reach the registry with them alone, such as
   * `{ '--ca-file': 'ca.pem', '--insecure': true }`; none by default. Secrets do not belong here.
   */
  readonly commandFlags?: Readonly<Record<string, string | true>> | undefined;
  /** Milliseconds each check may take, 1 to 3,600,000; 30,000 by default. */
  readonly checkMs?: number | undefined;
}

/** Options with every default filled in. */
export interface DoctorSettings {
  readonly reference: Reference;
  /** How the registry is reached, without the credentials of the options. */
  readonly connection: ResolverOptions;
  readonly login: Pick<DoctorOptions, 'username' | 'password' | 'token'>;
  readonly writeProbes: boolean;
  readonly commandFlags: Readonly<Record<string, string | true>>;
  readonly checkMs: number;
  readonly signal: AbortSignal | undefined;
}

const text = z.string().min(1, 'is empty');
const ownOptions = z.strictObject({
  registryUrl: z.string(),
  testRepository: z.string().refine(isRepositoryName, 'is not a legal repository name, such as team/app').optional(),
  testTag: z.string().refine(isTag, 'is not a legal tag').optional(),
  username: text.optional(),
  password: text.optional(),
  token: text.optional(),
  checks: z.array(z.string()).min(1, 'names no check').optional(),
  tags: z.array(z.string()).min(1, 'names no tag').optional(),
  writeProbes: z.boolean().optional(),
  commandFlags: z.record(z.string(), z.union([text, z.literal(true)])).optional(),
  checkMs: z.number().int().min(1).max(3_600_000).optional(),
  signal: z.custom((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional(),
});

/** Somebody waits for an answer: what is dead is to be said soon, not after the patience that a large export has. */
const doctorTimeouts = { connectMs: 5_000, requestMs: 10_000 };
const doctorRetry = { maxRetries: 1, baseDelayMs: 100, maxRetryAfterMs: 2_000 };

/**
 * Checks options and fills in every default.
 *
 * @throws ArgumentError `ERR_OCI_INVALID_OPTION`, naming the option
 */
export function resolveDoctorOptions(options: DoctorOptions): DoctorSettings {
  const { registryUrl, testRepository, testTag, username, password, token, ...others } = options;
  const { checks, tags, writeProbes, commandFlags, checkMs, signal, ...connection } = others;
  const run = { checks, tags, writeProbes, commandFlags, checkMs, signal };
  checkOptions(ownOptions, { registryUrl, testRepository, testTag, username, password, token, ...run });
  resolveOptions(connection);
  if (token !== undefined && (username !== undefined || password !== undefined)) {
    throw invalid(
      'token',
      'excludes username and password',
      'give one or the other: OCI__Token, or OCI__Username and OCI__Password',
    );
  }
  const address = parseRegistryUrl(registryUrl);
  const { retry = doctorRetry, timeouts } = connection;
  const reference = parseReference(`${address.registry}/${testRepository ?? 'library/alpine'}:${testTag ?? 'latest'}`);
  return {
    reference,
    connection: {
      ...inScheme(connection, { ...address, registry: reference.registry }),
      retry: retry === 0 ? 0 : { ...doctorRetry, ...retry },
      timeouts: { ...doctorTimeouts, ...timeouts },
    },
    login: { username, password, token },
    writeProbes: writeProbes ?? false,
    commandFlags: commandFlags ?? {},
    checkMs: checkMs ?? 30_000,
    signal,
  };
}

/** Lets the scheme that was written count for this registry, whatever is usual for its address. */
function inScheme(connection: ResolverOptions, { registry, scheme }: RegistryAddress): ResolverOptions {
  if (scheme === undefined) return connection;
  const { plainHttp, hosts } = connection;
  const isPlain =
    plainHttp === true ||
    (Array.isArray(plainHttp) && plainHttp.some((host: string) => host.toLowerCase() === registry));
  if (scheme === 'https' && isPlain) {
    const hint = 'leave out plainHttp (--plain-http), or write http://';
    throw invalid('registryUrl', 'says https, and plainHttp says otherwise', hint);
  }
  const name = canonicalHost(registry);
  const inIt = (host: RegistryHost): RegistryHost =>
    host.host.toLowerCase() === name ? { ...host, scheme: host.scheme ?? scheme } : host;
  return {
    ...connection,
    hosts: async (asked) => {
      const found = (await hosts?.(asked)) ?? defaultHosts(asked);
      return asked === registry ? found.map(inIt) : found;
    },
  };
}

function invalid(argument: string, reason: string, hint: string): ArgumentError {
  return new ArgumentError('ERR_OCI_INVALID_OPTION', `option ${argument}: ${reason}`, { argument, hint });
}
