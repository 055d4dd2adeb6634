import { isOciError } from '../index.js';

/** Says of a fault that it came up while referrers were looked for, which has an exit code of its own. */
export class DiscoveryFailure extends Error {
  override readonly name: string = 'DiscoveryFailure';

  constructor(cause: unknown) {
    super('the referrers could not be confirmed', { cause });
  }
}

/** Marks a fault of the library as one of discovery; anything else stays as it is, and so does what is wrong with a file. */
export function asDiscoveryFailure(error: unknown): unknown {
  return isOciError(error) && !error.code.startsWith('ERR_OCI_BUNDLE_') ? new DiscoveryFailure(error) : error;
}

/** Runs work whose faults are faults of discovery. */
export async function discovering<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asDiscoveryFailure(error);
  }
}
