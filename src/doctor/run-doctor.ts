import { mapConcurrently, whileAllowed } from '../content/abort.js';
import { Connections } from '../remotes/connections.js';
import { resolveOptions } from '../remotes/resolve-options.js';
import { createResolver } from '../remotes/resolver.js';
import { createContexts } from './check-context.js';
import { chooseChecks } from './checks.js';
import { createDoctorLogin } from './doctor-login.js';
import { type DoctorOptions, resolveDoctorOptions } from './doctor-options.js';
import type { DoctorReport, DoctorResult } from './doctor-report.js';
import { headerSecrets, reportOf, withoutAny } from './make-report.js';
import { runCheck } from './run-check.js';

/**
 * Looks at a registry as an operator would, and says what is wrong and what to do about it.
 *
 * @remarks A check that fails is a result and no error, whatever it failed of. Nothing is written without `writeProbes`.
 * Credentials go to the registry, and to the token service it names, and never into the report.
 * @param options - the registry, an image that is there, who is asking, which checks
 * @returns a result for each check
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`, naming the option; `docs/doctor.md` explains every check
 * @example
 * ```ts
 * import { runDoctor } from '@stellaops/oci-referrers';
 *
 * const report = await runDoctor({ registryUrl: 'https://registry.example.com', testRepository: 'team/app' });
 * for (const { checkId, severity, message } of report.results) console.log(severity, checkId, message);
 * ```
 */
export async function runDoctor(options: DoctorOptions): Promise<DoctorReport> {
  const {
    reference,
    connection,
    login: given,
    writeProbes,
    commandFlags,
    checkMs,
    signal,
  } = resolveDoctorOptions(options);
  const checks = chooseChecks(options.checks, options.tags);
  signal?.throwIfAborted();
  const startedAt = new Date();
  const { credentials, registryConfig } = connection;
  const login = createDoctorLogin(reference.registry, { ...given, credentials, registryConfig });
  const resolverOptions = { ...connection, credentials: login.provider };
  await using connections = new Connections(resolveOptions(resolverOptions));
  await using resolver = createResolver(resolverOptions);
  const repositories = await connections.repositories(reference);
  const asked = { reference, repositories, options: connections.options, resolver };
  const shared = { ...asked, login, writeProbes, commandFlags, signal };
  const { target, contextFor } = createContexts(shared);
  // Nothing runs beside what writes: neither is to be blamed for the other.
  const atOnce = writeProbes ? 1 : checks.length;
  const started: Promise<unknown>[] = [];
  const onStart = (work: Promise<unknown>): void => {
    started.push(work);
  };
  const run = { target, contextFor, checkMs, onStart };
  let results: readonly DoctorResult[];
  try {
    results = await mapConcurrently(checks, atOnce, (check, stop) => runCheck(check, run, stop), signal);
  } finally {
    if (writeProbes) await untilCleanedUp(started);
  }
  const hidden = [...login.secrets, ...headerSecrets(repositories, connections.options.headersFor)];
  return reportOf(
    target,
    startedAt,
    results.map((result) => withoutAny(result, hidden)),
  );
}

/** A probe that writes removes it again in ten seconds, in a time of its own; what hangs elsewhere is not waited for. */
const cleanUpMs = 12_000;

/** Waits for checks that ran out of time, or were given up: who ends the program meanwhile would leave behind what they wrote. */
async function untilCleanedUp(started: readonly Promise<unknown>[]): Promise<void> {
  await whileAllowed(Promise.allSettled(started), AbortSignal.timeout(cleanUpMs)).catch(() => undefined);
}
