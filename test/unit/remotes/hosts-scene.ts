import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHostsDirectory, type RegistryHost } from '@stellaops/oci-referrers';
import { expect, onTestFinished } from 'vitest';
import { authority, clientIdentity } from '../http/certificates.js';

/** A directory in containerd's form. */
export interface CertsD {
  readonly path: string;
  /** Reads the hosts of a registry, each time anew. */
  readonly hosts: (registry: string) => Promise<readonly RegistryHost[] | undefined>;
  /** Writes files into the directory of a registry, and returns that. */
  write(directory: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string>;
  /** The hosts of `r.example` with this `hosts.toml`. */
  read(hostsToml: string | Uint8Array): Promise<readonly RegistryHost[] | undefined>;
}

/** Makes a directory of hosts for the length of one test. */
export async function createCertsD(): Promise<CertsD> {
  const path = await mkdtemp(join(tmpdir(), 'certs.d-'));
  onTestFinished(async () => {
    await rm(path, { recursive: true });
  });
  // What was read is kept for a second: tests change it faster.
  const hosts: CertsD['hosts'] = async (registry) => await createHostsDirectory(path)(registry);
  const write: CertsD['write'] = async (directory, files) => {
    const folder = join(path, directory);
    await mkdir(folder, { recursive: true });
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    return folder;
  };
  return {
    path,
    hosts,
    write,
    async read(hostsToml) {
      await write('r.example', { 'hosts.toml': hostsToml });
      return await hosts('r.example');
    },
  };
}

/** The PEM files that tests name. */
export const pemFiles = {
  'ca.pem': authority,
  'client.pem': `${clientIdentity.cert}\n${clientIdentity.key}\n`,
  'client.crt.pem': clientIdentity.cert,
  'client.key.pem': clientIdentity.key,
};

/** The error for a file of hosts, and what its message says. */
export function hostsFault(...texts: readonly string[]): unknown {
  return expect.objectContaining({
    code: 'ERR_OCI_INVALID_OPTION',
    argument: 'hosts',
    message: expect.toSatisfy((message: string) => texts.every((text) => message.includes(text))) as string,
    hint: expect.any(String) as string,
  });
}

/** What a call threw. */
export async function thrown(call: () => Promise<unknown>): Promise<Error> {
  const outcome: unknown = await call().catch((error: unknown) => error);
  if (outcome instanceof Error) return outcome;
  throw new Error(`nothing was thrown, but ${JSON.stringify(outcome)} returned`);
}
