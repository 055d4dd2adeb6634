import { withoutSecrets } from '../http/redact.js';
import type { Repository } from '../remotes/repository.js';
import type { DoctorCheck, DoctorTarget, Outcome } from './doctor-check.js';
import type { DoctorReport, DoctorResult, DoctorSeverity } from './doctor-report.js';

/** Makes the result of what a check says. */
export function resultOf(check: DoctorCheck, target: DoctorTarget, outcome: Outcome, durationMs: number): DoctorResult {
  const { id, title, relatedChecks } = check;
  const { severity, message, evidence = {}, likelyCauses = [], howToFix = [] } = outcome;
  const seen: NonNullable<Outcome['evidence']> = {
    registry_url: target.url,
    repository: target.repository,
    tag: target.tag,
    ...evidence,
  };
  return {
    checkId: id,
    title,
    severity,
    message,
    evidence: Object.fromEntries(
      Object.entries(seen).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    likelyCauses,
    howToFix,
    verification: verificationOf(check, target),
    relatedChecks,
    durationMs,
  };
}

function verificationOf({ id }: DoctorCheck, { url, repository, tag }: DoctorTarget): string {
  const image =
    repository === 'library/alpine' && tag === 'latest' ? '' : ` --test-repository ${repository} --test-tag ${tag}`;
  const shownByWrites = id === 'check.integration.oci.push' || id === 'check.integration.oci.capabilities';
  return `oci-referrers doctor run --check ${id} --registry-url ${url}${image}${shownByWrites ? ' --write-probes' : ''}`;
}

/** Makes the report of all results. */
export function reportOf(target: DoctorTarget, startedAt: Date, results: readonly DoctorResult[]): DoctorReport {
  const count = (wanted: DoctorSeverity): number => results.filter(({ severity }) => severity === wanted).length;
  return {
    schemaVersion: 1,
    registryUrl: target.url,
    repository: target.repository,
    tag: target.tag,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    summary: { pass: count('pass'), info: count('info'), warn: count('warn'), fail: count('fail') },
    results,
  };
}

/** Values of configured headers, some of which are keys; what names the image is none. */
export function headerSecrets(
  repositories: readonly Repository[],
  headersFor: (host: string) => Readonly<Record<string, string>>,
): readonly string[] {
  const values = repositories.flatMap(({ host }) => Object.values(host.headers ?? headersFor(host.host)));
  const shown = repositories.map(({ client, name }) => `${client.origin}/${name}`).join(' ');
  return values.filter((value) => !shown.includes(value));
}

/** Takes secrets out of everything a result says: a registry may repeat in any text what it was sent. */
export function withoutAny(result: DoctorResult, secrets: readonly string[]): DoctorResult {
  const clean = (text: string): string => withoutSecrets(text, secrets);
  const evidence = Object.entries(result.evidence).map(([name, value]) => [
    name,
    typeof value === 'string' ? clean(value) : value,
  ]);
  return {
    ...result,
    message: clean(result.message),
    evidence: Object.fromEntries(evidence) as DoctorResult['evidence'],
    likelyCauses: result.likelyCauses.map(clean),
    howToFix: result.howToFix.map(({ title, commands }) => ({ title: clean(title), commands: commands.map(clean) })),
  };
}
