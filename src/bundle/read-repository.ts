import { isOciError } from '../errors/index.js';
import { parseReference } from '../oci/reference.js';
import { repositoryOf } from './layout-index.js';

/** Registry and repository of a reference in a record; undefined when it is no reference. */
export function readRepository(reference: string): string | undefined {
  try {
    return repositoryOf(parseReference(reference));
  } catch (error) {
    if (isOciError(error, 'ERR_OCI_INVALID_REFERENCE')) return undefined;
    throw error;
  }
}
