import { whileAllowed, withDeadline } from '../content/abort.js';
import { TransportError } from '../errors/index.js';
import type { CheckContext, DoctorCheck, DoctorTarget, Outcome } from './doctor-check.js';
import type { DoctorResult } from './doctor-report.js';
import { faultOutcome } from './fault-outcome.js';
import { resultOf } from './make-report.js';

/** How a check is run. */
export interface CheckRun {
  readonly target: DoctorTarget;
  readonly contextFor: (signal: AbortSignal) => CheckContext;
  readonly checkMs: number;
  /** Hears of the work of a check, which may go on after its time. */
  readonly onStart?: ((work: Promise<unknown>) => void) | undefined;
}

/** Advice needs to know what kind of registry it is; nobody waits long for one that is dead to say so. */
const adviceMs = 1_000;

/** Runs a check within its time; whatever it throws is a result, unless the caller gave up. */
export async function runCheck(
  check: DoctorCheck,
  { target, contextFor, checkMs, onStart }: CheckRun,
  signal: AbortSignal,
): Promise<DoctorResult> {
  const startMs = performance.now();
  const expired = (): TransportError => tooLate(target, checkMs);
  let outcome: Outcome;
  try {
    outcome = await withDeadline(checkMs, signal, expired, (inner) => {
      const work = check.run(contextFor(inner));
      onStart?.(work);
      return whileAllowed(work, inner);
    });
  } catch (error) {
    signal.throwIfAborted();
    outcome = await withDeadline(adviceMs, signal, expired, (inner) => faultOutcome(error, contextFor(inner)));
  }
  const who = await withDeadline(adviceMs, signal, expired, (inner) => loginEvidence(contextFor(inner)));
  signal.throwIfAborted();
  const evidence = { ...who, ...outcome.evidence };
  return resultOf(check, target, { ...outcome, evidence }, Math.round(performance.now() - startMs));
}

async function loginEvidence({ login }: CheckContext): Promise<Outcome['evidence']> {
  const who = await login().catch(() => undefined);
  return { auth_method: who?.method, username: who?.username };
}

function tooLate({ url }: DoctorTarget, checkMs: number): TransportError {
  return new TransportError('ERR_OCI_TIMEOUT', `the check did not finish within checkMs (${checkMs} ms)`, {
    method: 'GET',
    url,
    hint: 'look at the load of the registry and at proxies between, or raise checkMs (--timeout)',
  });
}
