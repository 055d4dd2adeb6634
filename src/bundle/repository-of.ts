import { isOciError } from '../errors/index.js';
import { parseReference } from '../oci/reference.js';

/** Registry and repository of a reference in a record; undefined when it is no reference. */
export function repositoryOf(reference: string): string | undefined {
  try {
    const { registry, repository } = parseReference(reference);
    return `${registry}/${repository}`;
  } catch (error) {
    if (isOciError(error, 'ERR_OCI_INVALID_REFERENCE')) return undefined;
    throw error;
  }
}
