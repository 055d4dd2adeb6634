import { isOciError, ReferrersError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';

/** A list that names what is not there is a fault of the list: "not found" would read as "there is none". */
export function lostReferrer(listed: Descriptor, subject: string, error: unknown): never {
  if (!isOciError(error, 'ERR_OCI_NOT_FOUND')) throw error;
  throw new ReferrersError(
    'ERR_OCI_REFERRERS_INCONSISTENT',
    `${listed.digest} is listed as a referrer of ${subject}, and its manifest is not there`,
    { subject, cause: error, hint: 'something deleted it, or the list is stale: list again later, or attach it again' },
  );
}
