import { askCredentialHelper } from './credential-helper.js';
import type { CredentialProvider, Credentials } from './credentials.js';
import {
  configFault,
  type DockerAuth,
  type DockerConfig,
  dockerConfigPath,
  readDockerConfig,
} from './docker-config-file.js';

/** Options of {@link createDockerConfigProvider}. */
export interface DockerConfigProviderOptions {
  /** The configuration file, which then has to be there; found through the environment when absent. */
  readonly path?: string | undefined;
  /** Environment for finding the file and for helpers; `process.env` by default. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds a credential helper may take; 10,000 by default. */
  readonly helperTimeoutMs?: number | undefined;
}

/** The key `docker login` has used for Docker Hub since before it had a second registry. */
const hubKey = 'https://index.docker.io/v1/';
const hubHosts = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/**
 * Creates a provider that reads Docker's configuration and asks its credential helpers.
 *
 * @remarks Hosts match whole, port included and in whatever letters: nothing is looked up by part of a name. `credHelpers` come before `auths`,
 * and those before `credsStore`. The file is read anew each time, so a login in between counts.
 */
export function createDockerConfigProvider(options: DockerConfigProviderOptions = {}): CredentialProvider {
  const { environment = process.env, helperTimeoutMs: timeoutMs = 10_000 } = options;
  const path = options.path ?? dockerConfigPath(environment);
  return async (host, { signal }) => {
    const config = await readDockerConfig(path);
    if (config === undefined) {
      if (options.path !== undefined) throw configFault(path, 'is not there');
      return undefined;
    }
    const serverUrl = hubHosts.includes(host) ? hubKey : host;
    const ask = async (helper: string): Promise<Credentials | undefined> =>
      await askCredentialHelper({ helper, serverUrl, configPath: path, timeoutMs, environment, signal });

    const helper = findByHost(config.credHelpers, host);
    if (helper !== undefined) return await ask(helper.value);
    const entry = findByHost(config.auths, host);
    const found = entry === undefined ? undefined : credentialsOf(entry.value, config, entry.key);
    if (found !== undefined || config.credsStore === undefined) return found;
    return await ask(config.credsStore);
  };
}

/** An exact key wins over one with a scheme or the path of an API version; keys of a namespace are not the host's. */
function findByHost<T>(entries: ReadonlyMap<string, T>, host: string): { key: string; value: T } | undefined {
  const names = hubHosts.includes(host) ? [host, hubKey, ...hubHosts] : [host];
  for (const key of names) {
    const value = entries.get(key);
    if (value !== undefined) return { key, value };
  }
  for (const [key, value] of entries) if (names.includes(hostOfKey(key))) return { key, value };
  return undefined;
}

function hostOfKey(key: string): string {
  return key
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/(?:v[12]\/?)?$/, '');
}

function credentialsOf(entry: DockerAuth, config: DockerConfig, key: string): Credentials | undefined {
  if (entry.registrytoken !== undefined) return { token: entry.registrytoken };
  if (entry.identitytoken !== undefined) return { identityToken: entry.identitytoken };
  const { username, password } = entry.auth === undefined ? entry : decodeAuth(entry.auth, config, key);
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined) {
    throw configFault(config.path, `has auths ${JSON.stringify(key)} with a user name or a password, but not both`);
  }
  return username === '<token>' ? { identityToken: password } : { username, password };
}

function decodeAuth(auth: string, config: DockerConfig, key: string): { username: string; password: string } {
  // Docker pads with NUL where its own tools wrote the file.
  const decoded = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(auth.trim()) || colon < 1) {
    throw configFault(config.path, `has auths ${JSON.stringify(key)} with an auth that is not base64 of USER:PASSWORD`);
  }
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
