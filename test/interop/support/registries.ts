import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programPath } from './build-programs.js';
import { ChildServer } from './child-server.js';
import { startDockerRegistry } from './docker-registry.js';
import { asOlaregFile } from './users.js';

/** A real registry on a loopback port. */
export interface InteropRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Ends the server and removes what it stored. */
  stop(): Promise<void>;
}

/** One kind of real server. */
export interface RegistryKind {
  readonly name: string;
  /** Programs it needs. */
  readonly tools: readonly string[];
  /** Where it keeps its lists of referrers. */
  readonly source: 'api' | 'tag-schema';
  /** How it asks who is there, if it does. */
  readonly auth?: 'basic' | 'token' | undefined;
  /** Whether it knows who may do what; true unless it says otherwise, of one that asks. */
  readonly hasPermissions?: boolean | undefined;
  /** Whether the types in its lists are those of the artifacts; true unless it says otherwise. */
  readonly hasWrongTypes?: boolean | undefined;
  /** Pages that five referrers take; one unless it says otherwise. */
  readonly pages?: number | undefined;
  /** Whether it answers 429 to somebody in a hurry. */
  readonly isLimited?: boolean | undefined;
  start(): Promise<InteropRegistry>;
}

/** A registry that answers the referrers API of OCI 1.1 itself: olareg in a program of ours. */
export const nativeRegistry: RegistryKind = native('a native OCI 1.1 registry');

/** The same with short pages: two of the referrers of these tests fit on one, three do not. */
export const pagedRegistry: RegistryKind = {
  ...native('a native registry with paged lists', ['-page-bytes', '600']),
  pages: 3,
};

/** The registry in go-containerregistry's library: it answers the API, but not quite as the specification has it. */
export const libraryRegistry: RegistryKind = {
  name: "go-containerregistry's registry",
  tools: ['go'],
  source: 'api',
  hasWrongTypes: true,
  start: () => startProgram(['-kind', 'ggcr']),
};

/** Debian's package of the CNCF registry: no referrers API, so lists live under tags. */
export const dockerRegistry: RegistryKind = docker('docker-registry');

/** The same as it comes: nothing is deleted. */
export const lockedDockerRegistry: RegistryKind = {
  ...dockerRegistry,
  name: 'docker-registry with deletes disabled',
  start: () => startDockerRegistry(undefined, false),
};

/** Every kind of real server there is to ask. */
export const everyRegistry: readonly RegistryKind[] = [
  nativeRegistry,
  pagedRegistry,
  { ...native('a native registry with a rate limit', ['-rate-limit', '60']), isLimited: true },
  native('a native registry behind a password', ['-auth', 'basic'], 'basic'),
  native('a native registry behind opaque tokens', ['-auth', 'token'], 'token'),
  libraryRegistry,
  dockerRegistry,
  { ...docker('docker-registry behind a password', 'htpasswd'), hasPermissions: false },
  docker('docker-registry behind signed tokens', 'token'),
];

function native(name: string, flags: readonly string[] = [], auth?: 'basic' | 'token'): RegistryKind {
  return { name, tools: ['go'], source: 'api', auth, start: () => startProgram(flags, auth !== undefined) };
}

function docker(name: string, access?: 'htpasswd' | 'token'): RegistryKind {
  return {
    name,
    tools: ['docker-registry'],
    source: 'tag-schema',
    auth: access === 'htpasswd' ? 'basic' : access,
    start: () => startDockerRegistry(access),
  };
}

async function startProgram(flags: readonly string[], hasUsers = false): Promise<InteropRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'registry-'));
  const users = join(directory, 'users.yml');
  if (hasUsers) await writeFile(users, asOlaregFile());
  const server = new ChildServer(programPath('registry'), [...flags, ...(hasUsers ? ['-users', users] : [])]);
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const host = /^listening (127\.0\.0\.1:\d+)$/.exec(await server.firstLine())?.[1];
    if (host === undefined) throw new Error('the registry did not say where it listens');
    return { host, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
