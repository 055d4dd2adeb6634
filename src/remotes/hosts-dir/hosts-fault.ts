import { ArgumentError } from '../../errors/index.js';
import { escapeText } from '../../oci/escape.js';

/** The page that says what may be written. */
const page = 'see docs/mirrors.md';

/** What {@link hostsFault} may be given. */
export interface HostsFaultOptions {
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Makes the error for a file or directory of hosts that cannot be used.
 *
 * @param path - the file or directory
 * @param reason - goes on from the path; nothing secret out of the file
 */
export function hostsFault(path: string, reason: string, { hint, cause }: HostsFaultOptions = {}): ArgumentError {
  const message = escapeText(`read the hosts of a registry: ${path} ${reason}`, 2048);
  return new ArgumentError('ERR_OCI_INVALID_OPTION', message, {
    argument: 'hosts',
    cause,
    hint: hint ?? `correct or remove ${escapeText(path)}; ${page}`,
  });
}
