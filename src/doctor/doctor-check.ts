import type { HostCapability } from '../remotes/hosts.js';
import type { ResolvedOptions } from '../remotes/options.js';
import type { Repository } from '../remotes/repository.js';
import type { Resolver } from '../remotes/types.js';
import type { Login } from './doctor-login.js';
import type { DoctorSettings } from './doctor-options.js';
import type { DoctorCheckId, DoctorFix, DoctorSeverity } from './doctor-report.js';
import type { FrontDoor } from './front-door.js';
import type { RegistryProduct } from './registry-product.js';
import type { ShellCommands } from './shell-commands.js';

/** What is known about a check before it runs. */
export interface DoctorCheckInfo {
  /** Its name. */
  readonly id: DoctorCheckId;
  /** What it checks, in a few words. */
  readonly title: string;
  /** Words it can be chosen by. */
  readonly tags: readonly string[];
  /** How much it matters when what it checks is not there. */
  readonly defaultSeverity: Exclude<DoctorSeverity, 'pass'>;
  /** Checks that tell more about the same. */
  readonly relatedChecks: readonly DoctorCheckId[];
}

/** What a check says; the runner makes a result of it. */
export interface Outcome {
  readonly severity: DoctorSeverity;
  readonly message: string;
  readonly evidence?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly likelyCauses?: readonly string[] | undefined;
  readonly howToFix?: readonly DoctorFix[] | undefined;
}

/** The image the checks ask for, and where. */
export interface DoctorTarget {
  /** `scheme://host[:port]` that is asked. */
  readonly url: string;
  /** Registry as references name it. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /** Registry, repository and tag. */
  readonly reference: string;
  /** What a command of the program takes to reach it. */
  readonly commandFlags: DoctorSettings['commandFlags'];
}

/** What a check works with. */
export interface CheckContext {
  readonly target: DoctorTarget;
  readonly options: ResolvedOptions;
  readonly resolver: Pick<Resolver, 'probe'>;
  readonly writeProbes: boolean;
  /** Who the checks are, as far as the registry asks. */
  readonly login: () => Promise<Login>;
  /** Ends the check. */
  readonly signal: AbortSignal;
  /** The repository at the host that is asked for this. */
  readonly at: (capability: HostCapability) => Repository;
  /** The answer of `GET /v2/` without credentials; asked once for all checks. */
  readonly door: () => Promise<FrontDoor>;
  /** What kind of registry it is, as far as host and answers tell. */
  readonly product: () => Promise<RegistryProduct>;
  /** Commands for a shell. */
  readonly shell: () => Promise<ShellCommands>;
}

/** One check: what it is about, and how it finds out. */
export interface DoctorCheck extends DoctorCheckInfo {
  /** Whatever it throws is a failed check, and never the end of the run. */
  readonly run: (context: CheckContext) => Promise<Outcome>;
}
