import { whileAllowed } from '../content/abort.js';
import { formatReference, type Reference } from '../oci/reference.js';
import { decisiveRepository } from '../remotes/decisive-repository.js';
import type { HostCapability } from '../remotes/hosts.js';
import type { ResolvedOptions } from '../remotes/options.js';
import type { Repository } from '../remotes/repository.js';
import type { Resolver } from '../remotes/types.js';
import type { CheckContext, DoctorTarget } from './doctor-check.js';
import type { DoctorLogin, Login } from './doctor-login.js';
import { askFrontDoor, type FrontDoor } from './front-door.js';
import { recogniseRegistry } from './registry-product.js';
import { createShellCommands } from './shell-commands.js';

/** What all checks of a run share. */
export interface RunScene {
  readonly reference: Reference;
  readonly repositories: readonly Repository[];
  readonly options: ResolvedOptions;
  readonly resolver: Pick<Resolver, 'probe'>;
  readonly login: DoctorLogin;
  readonly writeProbes: boolean;
  readonly commandFlags: DoctorTarget['commandFlags'];
  readonly signal: AbortSignal | undefined;
}

/** Makes what each check works with; the questions that several of them have are asked once. */
export function createContexts(scene: RunScene): {
  readonly target: DoctorTarget;
  readonly contextFor: (signal: AbortSignal) => CheckContext;
} {
  const { reference, repositories, options, resolver, login, writeProbes, commandFlags } = scene;
  const at = (capability: HostCapability): Repository =>
    decisiveRepository(repositories, capability, reference.registry);
  const target = { ...targetOf(reference, at('pull')), commandFlags };
  const door = once(() => askFrontDoor(at('pull'), options, scene.signal));
  const who = once(() => login.look(scene.signal));
  const known = async <Value>(wanted: Promise<Value>): Promise<Value | undefined> =>
    await wanted.catch(() => undefined);
  const contextFor = (signal: AbortSignal): CheckContext => {
    const askDoor = (): Promise<FrontDoor> => whileAllowed(door(), signal);
    const askLogin = (): Promise<Login> => whileAllowed(who(), signal);
    const product = async () => recogniseRegistry(reference.registry, await known(askDoor()));
    const shell = async () =>
      createShellCommands({ target, login: await known(askLogin()), door: await known(askDoor()), options });
    return { target, options, resolver, writeProbes, login: askLogin, signal, at, door: askDoor, product, shell };
  };
  return { target, contextFor };
}

function targetOf(reference: Reference, at: Repository): Omit<DoctorTarget, 'commandFlags'> {
  const { registry, repository, tag = 'latest' } = reference;
  return { url: at.client.origin, registry, repository, tag, reference: formatReference(reference) };
}

function once<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let asked: Promise<Value> | undefined;
  return () => {
    asked ??= ask();
    // Whoever asked first may have given up by the time it fails.
    asked.catch(() => undefined);
    return asked;
  };
}
