import type { CredentialProvider, Credentials } from '../auth/credentials.js';
import { createDockerConfigProvider } from '../auth/docker-config.js';
import { ArgumentError, isOciError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';

/** Who the checks are to the registry. */
export interface Login {
  /** What is known: nothing, user and password, a token of the registry, or one its token service exchanges. */
  readonly method: 'anonymous' | 'basic' | 'bearer' | 'identity-token';
  readonly username: string | undefined;
  /** Where it is from. */
  readonly source: 'options' | 'provider' | 'docker config' | 'none';
  /** The half of user name and password that is missing. */
  readonly lacks: 'username' | 'password' | undefined;
}

/** What the options say about who is asking. */
export interface LoginOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  readonly credentials?: CredentialProvider | undefined;
  readonly registryConfig?: string | undefined;
}

type Found = readonly [Credentials | undefined, Login['source']];

/** Finds credentials for the checks, says which, and remembers what must not be said. */
export interface DoctorLogin {
  readonly provider: CredentialProvider;
  /** Looks who the checks are; throws what the provider throws. */
  readonly look: (signal: AbortSignal | undefined) => Promise<Login>;
  /** Every password and token that was found. */
  readonly secrets: ReadonlySet<string>;
}

/**
 * Makes the credentials of a run: those of the options for the registry alone, then those of the caller's provider, then
 * those of Docker's configuration.
 *
 * @param host - `host[:port]` the credentials of the options belong to; `docker.io` for Docker Hub
 */
export function createDoctorLogin(host: string, options: LoginOptions): DoctorLogin {
  const { username, password, token } = options;
  const fromDocker = createDockerConfigProvider({ path: options.registryConfig });
  const isGiven = username !== undefined || password !== undefined || token !== undefined;
  const secrets = new Set([password, token].filter((secret) => secret !== undefined));

  const find = async (...[asked, context]: Parameters<CredentialProvider>): Promise<Found> => {
    if (isGiven && asked === host) return [givenCredentials(options), 'options'];
    const provided = await askProvider(options.credentials, asked, context);
    if (provided !== undefined) return [provided, 'provider'];
    return [await fromDocker(asked, context), 'docker config'];
  };
  return {
    secrets,
    provider: async (asked, context) => {
      const [found = { anonymous: true as const }] = await find(asked, context);
      for (const secret of secretsOf(found)) secrets.add(secret);
      return found;
    },
    look: async (signal) => {
      const [found, source] = await find(host, { signal });
      const lacks = !isGiven || token !== undefined ? undefined : missingHalf(username, password);
      const name = lacks === 'password' ? username : undefined;
      return { ...describeCredentials(found, source), ...(name === undefined ? {} : { username: name }), lacks };
    },
  };
}

async function askProvider(
  provider: CredentialProvider | undefined,
  ...[host, context]: Parameters<CredentialProvider>
): Promise<Credentials | undefined> {
  try {
    return await provider?.(host, context);
  } catch (cause) {
    context.signal?.throwIfAborted();
    if (isOciError(cause)) throw cause;
    throw new ArgumentError('ERR_OCI_CREDENTIALS', `find credentials for ${host}: the provider failed`, {
      argument: 'credentials',
      cause,
      hint: 'look at the credential provider this program passes in',
    });
  }
}

function secretsOf(found: Credentials): readonly string[] {
  if ('token' in found) return [found.token];
  if ('identityToken' in found) return [found.identityToken];
  if ('anonymous' in found) return [];
  const { username, password } = found;
  return [password, Buffer.from(`${username}:${password}`).toString('base64')];
}

function givenCredentials({ username, password, token }: LoginOptions): Credentials {
  if (token !== undefined) return { token };
  // Half a login is none: the check of the credentials says so.
  if (username === undefined || password === undefined) return { anonymous: true };
  return { username, password };
}

function missingHalf(username: string | undefined, password: string | undefined): Login['lacks'] {
  if (username === undefined) return 'username';
  return password === undefined ? 'password' : undefined;
}

function describeCredentials(
  found: Credentials | undefined,
  source: Login['source'],
): Pick<Login, 'method' | 'username' | 'source'> {
  if (found === undefined || 'anonymous' in found) return { method: 'anonymous', username: undefined, source: 'none' };
  if ('token' in found) return { method: 'bearer', username: undefined, source };
  if ('identityToken' in found || found.username === '<token>') {
    return { method: 'identity-token', username: undefined, source };
  }
  return { method: 'basic', username: escapeText(found.username, 256), source };
}
