import type { CredentialProvider } from '../index.js';

/** Reads one setting of the environment; undefined where it is not set, or empty. */
export type ReadSetting = (name: string) => string | undefined;

/** Looks settings up as .NET does, in whatever letters; an empty one is none. */
export function environmentOf(env: Readonly<Record<string, string | undefined>>): ReadSetting {
  const settings = new Map(Object.entries(env).map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => env[name] || settings.get(name.toLowerCase()) || undefined;
}

/** The registry that the environment names: the doctor looks at it, an import without a target goes there. */
export function registryUrlOf(setting: ReadSetting): string | undefined {
  return setting('OCI__RegistryUrl') ?? setting('Registry__Url');
}

/** The login that the environment has for this registry alone; undefined where it has none. Half a login is none. */
export function environmentLogin(setting: ReadSetting, registry: string): CredentialProvider | undefined {
  const [username, password, token] = [setting('OCI__Username'), setting('OCI__Password'), setting('OCI__Token')];
  const login =
    token !== undefined ? { token } : username !== undefined && password !== undefined && { username, password };
  return login === false ? undefined : (host) => (host === registry ? login : undefined);
}
