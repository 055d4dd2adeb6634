import { homedir } from 'node:os';
import { join } from 'node:path';
import { readSmallFile } from '../content/read-small-file.js';
import { ArgumentError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import { parseStrictJson } from '../oci/strict-json.js';

/** One entry of `auths`. */
export interface DockerAuth {
  readonly auth?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identitytoken?: string | undefined;
  readonly registrytoken?: string | undefined;
}

/** What Docker's configuration says about credentials. */
export interface DockerConfig {
  /** The file it was read from. */
  readonly path: string;
  readonly auths: ReadonlyMap<string, DockerAuth>;
  readonly credHelpers: ReadonlyMap<string, string>;
  readonly credsStore: string | undefined;
}

/** Larger than any configuration a person keeps. */
const maxConfigBytes = 1024 * 1024;

/** Finds the one file that counts: `$REGISTRY_AUTH_FILE`, else in `$DOCKER_CONFIG`, else in `~/.docker`. */
export function dockerConfigPath(environment: NodeJS.ProcessEnv): string {
  const { REGISTRY_AUTH_FILE: authFile, DOCKER_CONFIG: directory } = environment;
  if (authFile !== undefined && authFile !== '') return authFile;
  const folder = directory === undefined || directory === '' ? join(homedir(), '.docker') : directory;
  return join(folder, 'config.json');
}

/**
 * Reads Docker's configuration.
 *
 * @returns undefined when there is no such file
 * @throws {@link ArgumentError} `ERR_OCI_CREDENTIALS` for a file that is there and cannot be used: asking without
 * credentials instead would make private images look as if they did not exist
 */
export async function readDockerConfig(path: string): Promise<DockerConfig | undefined> {
  const bytes = await readSmallFile(path, maxConfigBytes, (reason, cause) => configFault(path, reason, cause));
  return bytes === undefined ? undefined : parseDockerConfig(bytes, path);
}

/** Parses Docker's configuration; entries that have nothing to do with credentials are left aside. */
export function parseDockerConfig(bytes: Uint8Array, path: string): DockerConfig {
  let value: unknown;
  try {
    value = parseStrictJson(bytes, path);
  } catch {
    // No cause: the parser's message quotes the file, and the file holds passwords.
    throw configFault(path, 'is not one strict JSON value');
  }
  const root = asObject(value, path, 'its top level');
  const store = root['credsStore'];
  if (store !== undefined && typeof store !== 'string') throw configFault(path, 'has a credsStore that is no text');
  return {
    path,
    auths: mapOf(root['auths'], path, 'auths', (entry, name) => asAuth(entry, path, name)),
    credHelpers: mapOf(root['credHelpers'], path, 'credHelpers', (entry, name) => {
      if (typeof entry !== 'string') throw configFault(path, `has ${name} that is no text`);
      return entry;
    }),
    credsStore: store === '' ? undefined : store,
  };
}

/** Makes the error for a configuration that cannot be used. */
export function configFault(path: string, reason: string, cause?: unknown): ArgumentError {
  // Keys of the file may be in the reason.
  return new ArgumentError('ERR_OCI_CREDENTIALS', `read credentials: ${path} ${escapeText(reason)}`, {
    argument: 'credentials',
    cause,
    hint: `correct or remove ${path}, or give credentials to this program itself`,
  });
}

function asAuth(value: unknown, path: string, name: string): DockerAuth {
  const entry = asObject(value, path, name);
  const text = (key: keyof DockerAuth): string | undefined => {
    const found = entry[key];
    if (found === undefined || found === null || found === '') return undefined;
    if (typeof found !== 'string') throw configFault(path, `has ${name} with a ${key} that is no text`);
    return found;
  };
  return {
    auth: text('auth'),
    username: text('username'),
    password: text('password'),
    identitytoken: text('identitytoken'),
    registrytoken: text('registrytoken'),
  };
}

function mapOf<T>(
  value: unknown,
  path: string,
  key: string,
  each: (entry: unknown, name: string) => T,
): Map<string, T> {
  if (value === undefined || value === null) return new Map();
  const entries = Object.entries(asObject(value, path, key));
  return new Map(entries.map(([name, entry]) => [name, each(entry, `${key} ${JSON.stringify(name)}`)]));
}

function asObject(value: unknown, path: string, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw configFault(path, `has ${name} that is no object`);
}
