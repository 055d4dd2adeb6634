import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errnoOf, readSmallFile } from '../../content/read-small-file.js';
import type { TlsOptions } from '../../http/types.js';
import { canonicalHost, defaultHosts, type RegistryHost } from '../hosts.js';
import { type PemFault, readCertificates, readClientCertificate } from './host-certificates.js';
import type { ClientFiles } from './host-settings.js';
import { hostsFault } from './hosts-fault.js';
import { type ListedHost, readHostsToml } from './read-hosts-toml.js';

const maxHostsBytes = 1024 * 1024;

/**
 * Reads the directory of one registry.
 *
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`, naming file and key
 */
export async function readRegistryDirectory(directory: string, registry: string): Promise<readonly RegistryHost[]> {
  const names = await namesIn(directory);
  const file = join(directory, 'hosts.toml');
  const bytes = names.has('hosts.toml') ? await readHostsFile(file) : Buffer.of();
  // As in containerd, an empty file is none.
  if (bytes.length === 0) return await readDockerFiles(directory, names, registry);
  const hosts: RegistryHost[] = [];
  for (const host of await readHostsToml(bytes, file)) hosts.push(await toRegistryHost(host, directory, registry));
  return hosts;
}

async function readHostsFile(file: string): Promise<Buffer> {
  const fault = (reason: string, cause?: unknown): Error => hostsFault(file, reason, { cause });
  const bytes = await readSmallFile(file, maxHostsBytes, fault);
  if (bytes === undefined) throw fault('is a link that leads nowhere');
  return bytes;
}

/** Docker's own form: the registry itself, with certificates. */
async function readDockerFiles(
  directory: string,
  names: ReadonlySet<string>,
  registry: string,
): Promise<readonly RegistryHost[]> {
  const sorted = [...names].sort();
  const ca = sorted.filter((name) => name.endsWith('.crt'));
  const certs = sorted.filter((name) => name.endsWith('.cert'));
  const keys = sorted.filter((name) => name.endsWith('.key'));
  const alone = keys.find((key) => !names.has(key.replace(/\.key$/, '.cert')));
  if (alone !== undefined) {
    const hint = 'Docker wants a client certificate called .cert; .crt is an authority';
    throw hostsFault(join(directory, alone), 'is a key without a certificate of the same name', { hint });
  }
  const [cert, ...more] = certs;
  if (more.length > 0) throw hostsFault(directory, `holds ${certs.length} client certificates, and Node shows one`);
  const key = cert?.replace(/\.cert$/, '.key') ?? '';
  const client = cert === undefined ? undefined : { cert, key: names.has(key) ? key : undefined };
  const fault: PemFault = (file, reason, cause) => hostsFault(file, reason, { cause });
  const tls = await readTls({ ca, client, skipVerify: undefined }, directory, () => fault);
  return defaultHosts(registry).map((host) => ({ ...host, ...schemeFor(tls), tls }));
}

async function toRegistryHost(
  { settings, fault }: ListedHost,
  directory: string,
  registry: string,
): Promise<RegistryHost> {
  const { address, capabilities, headers, connectMs, authoritative } = settings;
  const tls = await readTls(settings, directory, (key) => (file, reason, cause) => {
    return fault(key, `names ${file}, which ${reason}`, { cause });
  });
  const where = address ?? { host: canonicalHost(registry), ...schemeFor(tls) };
  return { ...where, capabilities, headers, tls, connectMs, authoritative };
}

/** Whoever has certificates for a registry means HTTPS, on this machine too. */
function schemeFor(tls: TlsOptions | undefined): { scheme?: 'https' } {
  return tls === undefined ? {} : { scheme: 'https' };
}

interface TlsFiles {
  readonly ca: readonly string[];
  readonly client: ClientFiles | undefined;
  readonly skipVerify: boolean | undefined;
}

/** Paths are taken from the directory of the registry. */
async function readTls(
  { ca, client, skipVerify }: TlsFiles,
  directory: string,
  faultOf: (key: 'ca' | 'client') => PemFault,
): Promise<TlsOptions | undefined> {
  if (ca.length === 0 && client === undefined && skipVerify === undefined) return undefined;
  const authorities: string[] = [];
  for (const file of ca) authorities.push(await readCertificates(resolve(directory, file), faultOf('ca')));
  const identity =
    client === undefined
      ? undefined
      : await readClientCertificate(
          resolve(directory, client.cert),
          resolve(directory, client.key ?? client.cert),
          faultOf('client'),
        );
  return {
    ...(authorities.length > 0 && { ca: authorities }),
    ...identity,
    ...(skipVerify !== undefined && { rejectUnauthorized: !skipVerify }),
  };
}

/** Lists a directory; a link that leads nowhere is in the list too: whoever made it meant something. */
export async function namesIn(directory: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(directory));
  } catch (cause) {
    const hint = 'check the path and its permissions; it holds a directory for each registry';
    throw hostsFault(directory, `is no directory that can be read: ${errnoOf(cause) ?? 'unknown fault'}`, {
      cause,
      hint,
    });
  }
}
