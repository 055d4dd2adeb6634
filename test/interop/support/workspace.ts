import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createResolver, type Pusher, type Resolver } from '@stellaops/oci-referrers';
import type { RegistryKind } from './registries.js';
import { loginOf, robot } from './users.js';

/** Repository of every image here, on whatever host. */
export const repositoryName = 'team/app';
/** Tag of every image here. */
export const tag = '1.0';

/** A running registry of some kind, a resolver that may do everything there, and a directory to work in. */
export interface Workspace {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `HOST/REPOSITORY`. */
  readonly repository: string;
  readonly resolver: Resolver;
  readonly pusher: Pusher;
  /** What the resolver wrote to its log. */
  readonly log: readonly string[];
  readonly directory: string;
  /** Has something ended when the workspace is closed. */
  onClose(cleanUp: () => Promise<unknown>): void;
  /** Ends the registry and removes the directory. */
  close(): Promise<void>;
}

/** Starts a registry, and has `prepare` put into it what a test is about; the caller closes what comes back. */
export async function openWorkspace<Facts extends object>(
  kind: RegistryKind,
  prepare: (workspace: Workspace) => Promise<Facts>,
): Promise<Workspace & Facts> {
  const cleanUps: (() => Promise<unknown>)[] = [];
  const onClose = (cleanUp: () => Promise<unknown>): void => {
    cleanUps.push(cleanUp);
  };
  const close = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), 'interop-'));
    onClose(() => rm(directory, { recursive: true, force: true }));
    const registry = await kind.start();
    onClose(() => registry.stop());
    const log: string[] = [];
    const write = (line: string): void => {
      log.push(line);
    };
    const logger = { debug: write, info: write, warn: write, error: write };
    const resolver = createResolver({ credentials: () => loginOf(robot), logger });
    onClose(() => resolver.close());
    const { host } = registry;
    const repository = `${host}/${repositoryName}`;
    const pusher = await resolver.pusher(`${repository}:${tag}`);
    const workspace: Workspace = { host, repository, resolver, pusher, log, directory, onClose, close };
    return { ...workspace, ...(await prepare(workspace)) };
  } catch (error) {
    await close();
    throw error;
  }
}
