import { BundleError } from '../errors/index.js';

/** Makes the error for a bundle file that cannot be opened or read. */
export function unreadable(path: string, cause: unknown, hint?: string): BundleError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BundleError('ERR_OCI_BUNDLE_SOURCE', `cannot read the bundle ${JSON.stringify(path)}: ${reason}`, {
    path,
    cause,
    hint: hint ?? 'give the path of a bundle file that this user may read, or a stream of its bytes',
  });
}

/** Makes the error for a bundle file that was changed while it was open. */
export function changed(path: string, reason: string): BundleError {
  return new BundleError(
    'ERR_OCI_BUNDLE_CHANGED',
    `the bundle ${JSON.stringify(path)} changed while in use: ${reason}`,
    {
      path,
      hint: 'copy the file to a place nobody else writes to and start again',
    },
  );
}
