/** How a check ended. */
export type DoctorSeverity = 'pass' | 'info' | 'warn' | 'fail';

/** Names of the checks there are. */
export type DoctorCheckId =
  | 'check.integration.oci.registry'
  | 'check.integration.oci.credentials'
  | 'check.integration.oci.pull'
  | 'check.integration.oci.push'
  | 'check.integration.oci.referrers'
  | 'check.integration.oci.capabilities';

/** One way to put things right. */
export interface DoctorFix {
  /** What to do, as one sentence. */
  readonly title: string;
  /** Commands for a shell, written for this registry; some go over several lines. */
  readonly commands: readonly string[];
}

/** What one check found. */
export interface DoctorResult {
  /** The check. */
  readonly checkId: DoctorCheckId;
  /** What it checks, in a few words. */
  readonly title: string;
  /** How it ended. */
  readonly severity: DoctorSeverity;
  /** What was found, as one sentence that is safe for a terminal. */
  readonly message: string;
  /** What was seen: `registry_url`, `auth_method`, `status`, `digest` and the like; never a secret. */
  readonly evidence: Readonly<Record<string, string | number | boolean>>;
  /** What may be behind it, the likeliest first; empty where the check passed. */
  readonly likelyCauses: readonly string[];
  /** What to do about it, the first thing first; empty where the check passed. */
  readonly howToFix: readonly DoctorFix[];
  /** The command that runs this check again. */
  readonly verification: string;
  /** Checks that tell more about the same. */
  readonly relatedChecks: readonly DoctorCheckId[];
  /** Milliseconds the check took. */
  readonly durationMs: number;
}

/** What the doctor found at a registry; `schemas/doctor-report.schema.json` is its shape as JSON Schema. */
export interface DoctorReport {
  /** Version of this form. */
  readonly schemaVersion: 1;
  /** `scheme://host[:port]` that was asked. */
  readonly registryUrl: string;
  /** Repository of the test image. */
  readonly repository: string;
  /** Tag of the test image. */
  readonly tag: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  /** Milliseconds the run took. */
  readonly durationMs: number;
  /** How many checks ended how. */
  readonly summary: Readonly<Record<DoctorSeverity, number>>;
  /** One for each check that ran, in the order of the checks. */
  readonly results: readonly DoctorResult[];
}
