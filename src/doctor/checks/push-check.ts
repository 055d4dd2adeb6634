import { errorFromBytes } from '../../http/response-error.js';
import type { BufferedResponse } from '../../http/types.js';
import { cancelUpload, postUpload, sessionFrom } from '../../remotes/upload-session.js';
import type { CheckContext, DoctorCheck, Outcome } from '../doctor-check.js';
import type { DoctorFix } from '../doctor-report.js';
import { faultOutcome } from '../fault-outcome.js';
import { doctorCommand } from '../shell-commands.js';

/** Whether something can be pushed: an upload is opened and given up at once, and nothing is stored. */
export const pushCheck: DoctorCheck = {
  id: 'check.integration.oci.push',
  title: 'OCI registry push authorization',
  tags: ['registry', 'oci', 'push', 'authorization'],
  defaultSeverity: 'fail',
  relatedChecks: ['check.integration.oci.credentials', 'check.integration.oci.pull'],
  run: async (context) => {
    if (!context.writeProbes) return notAsked(context);
    const at = context.at('push');
    const bound = { limitName: 'maxErrorBytes', limit: context.options.limits.maxErrorBytes };
    const answer = await postUpload(at, {}, bound, { signal: context.signal });
    if (answer.status !== 202) return await refused(context, answer);
    // Some registries know no such request, which says nothing against pushing.
    const isCancelled = await cancelUpload(at, sessionFrom(answer, `the test upload to ${at.name}`), bound);
    return {
      severity: 'pass',
      message: isCancelled
        ? `an upload to ${at.name} was accepted, and cancelled again`
        : `an upload to ${at.name} was accepted; the registry does not cancel it, so it ends when it expires`,
      evidence: { status: answer.status, cancelled: isCancelled },
    };
  },
};

function notAsked({ target }: CheckContext): Outcome {
  return {
    severity: 'info',
    message: 'whether images can be pushed was not looked at: that takes a write probe, and none was asked for',
    howToFix: [
      {
        title: 'allow write probes: an upload is opened and given up, nothing is stored',
        commands: [doctorCommand(target, pushCheck.id, `--test-repository ${target.repository}`, '--write-probes')],
      },
    ],
  };
}

async function refused(context: CheckContext, answer: BufferedResponse): Promise<Outcome> {
  const error = errorFromBytes(answer, 'start', `an upload to ${context.target.repository}`);
  const outcome = await faultOutcome(error, context);
  const { causes, fixes } = await special(context, answer.status);
  return {
    ...outcome,
    likelyCauses: [...causes, ...(outcome.likelyCauses ?? [])],
    howToFix: [...fixes, ...(outcome.howToFix ?? [])],
  };
}

async function special(
  { target, product }: CheckContext,
  status: number,
): Promise<{ readonly causes: readonly string[]; readonly fixes: readonly DoctorFix[] }> {
  const { id } = await product();
  if (status === 404 && id === 'ecr') {
    const command = `aws ecr create-repository --repository-name ${target.repository}`;
    return {
      causes: ['Amazon ECR makes no repository by itself'],
      fixes: [{ title: 'make the repository first', commands: [command] }],
    };
  }
  if (status === 404 && id === 'harbor') {
    const [project = target.repository] = target.repository.split('/', 1);
    return {
      causes: [`Harbor has no project ${project}`],
      fixes: [{ title: `make the project ${project} in Harbor`, commands: [] }],
    };
  }
  if (status === 405) {
    return {
      causes: ['the registry is in read-only mode, or a mirror that takes no pushes'],
      fixes: [
        {
          title: 'end the read-only mode (distribution: storage.maintenance.readonly), or name another registry',
          commands: [],
        },
      ],
    };
  }
  return { causes: [], fixes: [] };
}
