import { isOciError, RegistryError } from '../../errors/index.js';
import type { Descriptor } from '../../oci/descriptor.js';
import { describeManifest } from '../../remotes/manifest-descriptor.js';
import type { CheckContext, DoctorCheck, Outcome } from '../doctor-check.js';
import { doctorCommand } from '../shell-commands.js';

/** Whether the test image can be read. */
export const pullCheck: DoctorCheck = {
  id: 'check.integration.oci.pull',
  title: 'OCI registry pull authorization',
  tags: ['registry', 'oci', 'pull', 'authorization'],
  defaultSeverity: 'fail',
  relatedChecks: ['check.integration.oci.registry', 'check.integration.oci.credentials'],
  run: async (context) => {
    const image = await findTestImage(context);
    if (image === undefined) return await imageMissing(context, 'whether images can be pulled was not shown');
    const { mediaType, digest, size } = image;
    const message = `${context.target.reference} can be pulled`;
    return { severity: 'pass', message, evidence: { status: 200, digest, media_type: mediaType, size } };
  },
};

/**
 * Finds the test image: HEAD, and GET where the answer to that is not complete.
 *
 * @returns undefined where it is not there
 */
export async function findTestImage({ at, target, options, signal }: CheckContext): Promise<Descriptor | undefined> {
  try {
    return await describeManifest(at('pull'), target.tag, { limits: options.limits, signal });
  } catch (error) {
    // GHCR sends unknown tags to its web site, whose word is not the registry's own; here it is enough.
    if (isOciError(error, 'ERR_OCI_NOT_FOUND') && error instanceof RegistryError && error.status === 404)
      return undefined;
    throw error;
  }
}

/** Says that the test image is not there, and how to name one that is. */
export async function imageMissing({ target, shell }: CheckContext, unknown: string): Promise<Outcome> {
  const { digest, login } = await shell();
  return {
    severity: 'info',
    message: `there is no ${target.reference} here, so ${unknown}`,
    evidence: { status: 404 },
    likelyCauses: [
      'the test image was never pushed to this registry',
      'the account may not see the repository: some registries then say that it does not exist',
    ],
    howToFix: [
      {
        title: 'name an image that is there (also as OCI__TestRepository and OCI__TestTag)',
        commands: [doctorCommand(target, undefined, '--test-repository REPOSITORY', '--test-tag TAG')],
      },
      { title: 'look for the test image by hand', commands: [...login, digest, 'echo "$DIGEST"'] },
    ],
  };
}
