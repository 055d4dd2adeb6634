import { isOciError, RegistryError } from '../../errors/index.js';
import type { CapabilityFinding, RegistryCapabilities } from '../../remotes/capabilities.js';
import type { CheckContext, DoctorCheck, Outcome } from '../doctor-check.js';
import type { DoctorFix } from '../doctor-report.js';
import { doctorCommand } from '../shell-commands.js';
import { imageMissing } from './pull-check.js';

/** What the registry can do, of five things that exports and imports use. */
export const capabilitiesCheck: DoctorCheck = {
  id: 'check.integration.oci.capabilities',
  title: 'OCI registry capabilities',
  tags: ['registry', 'oci', 'capabilities', 'compatibility'],
  defaultSeverity: 'info',
  relatedChecks: ['check.integration.oci.referrers', 'check.integration.oci.push'],
  run: async (context) => {
    const { resolver, target, writeProbes, signal } = context;
    try {
      return judge(context, await resolver.probe(target.reference, { writeProbes, refresh: true, signal }));
    } catch (error) {
      const isMissing =
        isOciError(error, 'ERR_OCI_NOT_FOUND') && error instanceof RegistryError && error.status === 404;
      if (!isMissing) throw error;
      return await imageMissing(context, 'what the registry can do was not shown');
    }
  },
};

function judge(context: CheckContext, found: RegistryCapabilities): Outcome {
  const { capabilities, supported, version } = found;
  const evidence = {
    score: `${supported}/${capabilities.length}`,
    version: version ?? 'unknown',
    ...Object.fromEntries(capabilities.map(({ name, state }) => [name.replaceAll('-', '_'), state])),
    ...Object.fromEntries(
      capabilities.map(({ name, evidence: seen }) => [`${name.replaceAll('-', '_')}_evidence`, seen]),
    ),
    probe_ms: found.probeMs,
    warnings: found.warnings.join('; ') || undefined,
    error_code: capabilities.find(({ fault }) => fault !== undefined)?.fault,
  };
  const score = `${supported} of ${capabilities.length} capabilities`;
  if (supported === capabilities.length && found.warnings.length === 0)
    return { severity: 'pass', message: score, evidence };
  const lacking = capabilities.filter(({ state }) => state !== 'supported');
  const isWithoutReferrers = lacking.some(({ name, state }) => name === 'referrers-api' && state === 'unsupported');
  return {
    severity: severityOf(found, isWithoutReferrers),
    message: [score, list('missing', lacking, 'unsupported'), list('unknown', lacking, 'unknown')]
      .filter((part) => part !== '')
      .join('; '),
    evidence,
    likelyCauses: [...found.warnings, ...reasons(lacking)],
    howToFix: fixesFor(context, lacking, isWithoutReferrers),
  };
}

/** A fault left open what was asked; a refusal is an answer, and what a probe left behind is to be looked at. */
function severityOf(
  { capabilities, warnings }: RegistryCapabilities,
  isWithoutReferrers: boolean,
): Outcome['severity'] {
  const faults = capabilities.flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
  if (faults.some((fault) => fault !== 'ERR_OCI_UNAUTHORIZED' && fault !== 'ERR_OCI_DENIED')) return 'fail';
  return faults.length > 0 || warnings.length > 0 || isWithoutReferrers ? 'warn' : 'info';
}

function list(word: string, findings: readonly CapabilityFinding[], wanted: CapabilityFinding['state']): string {
  const names = findings.filter(({ state }) => state === wanted).map(({ name }) => name);
  return names.length === 0 ? '' : `${word}: ${names.join(', ')}`;
}

/** Several are open for one reason, most of the time. */
function reasons(findings: readonly CapabilityFinding[]): readonly string[] {
  const names = new Map<string, string[]>();
  for (const { name, evidence } of findings) names.set(evidence, [...(names.get(evidence) ?? []), name]);
  return [...names].map(([reason, of]) => `${of.join(', ')}: ${reason}`);
}

/** What may be done about one that is missing, or why nothing has to be. */
const known: Readonly<Partial<Record<CapabilityFinding['name'], readonly string[]>>> = {
  'version-header': ['nothing depends on the header; look for a proxy that takes it away'],
  'chunked-upload': ['nothing is lost: blobs go up in one piece, and anew after a connection breaks'],
  'cross-repository-mount': ['nothing is lost: what cannot be mounted is uploaded'],
  delete: ['let the registry delete, where that is wanted; in CNCF distribution it is storage.delete.enabled'],
};

function fixesFor(
  { target, writeProbes }: CheckContext,
  lacking: readonly CapabilityFinding[],
  isWithoutReferrers: boolean,
): readonly DoctorFix[] {
  const isOpen = lacking.some(({ state }) => state === 'unknown');
  const image = [`--test-repository ${target.repository}`, `--test-tag ${target.tag}`];
  const explain: DoctorFix = {
    title: 'see what the check of the referrers API says',
    commands: [doctorCommand(target, 'check.integration.oci.referrers', ...image)],
  };
  const ask: DoctorFix = {
    title: writeProbes
      ? 'mend what the evidence says has failed or was refused, and ask again'
      : 'let the probe write too: what it writes is removed again',
    commands: [doctorCommand(target, capabilitiesCheck.id, ...image, '--write-probes')],
  };
  const notes = lacking.flatMap(({ name, state }) => (state === 'unsupported' ? (known[name] ?? []) : []));
  return [
    ...(isWithoutReferrers ? [explain] : []),
    ...(isOpen ? [ask] : []),
    ...notes.map((title) => ({ title, commands: [] })),
  ];
}
