import { errnoOf } from '../content/read-small-file.js';
import { BundleError } from '../errors/index.js';

/** Makes the error for a directory that is no image layout this package can read. */
export function layoutInvalid(path: string, reason: string, cause?: unknown): BundleError {
  return new BundleError('ERR_OCI_LAYOUT_INVALID', `${path} is no image layout: ${reason}`, {
    path,
    cause,
    hint: 'name the directory that holds oci-layout and index.json, version 1.0.0; a tar of one has to be extracted first',
  });
}

/** Makes the error for a layout that cannot be opened or read. */
export function layoutUnreadable(cause: unknown, path: string): BundleError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BundleError('ERR_OCI_LAYOUT_SOURCE', `cannot read ${path}: ${reason}`, {
    path,
    cause,
    hint: 'check the path, its permissions, and that every part of it is a file or directory of its own, not a link or a pipe',
  });
}

const outputHints: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'this user may not write there; choose another directory or change its permissions'],
  ['EPERM', 'this user may not write there; choose another directory or change its permissions'],
  ['EROFS', 'the file system is read-only; choose another directory'],
  ['ENOSPC', 'the disk is full; make room and run it again: what is there already is not written a second time'],
  ['EDQUOT', 'the disk quota is used up; make room and run it again'],
  ['EFBIG', 'the file system, or the limit of this process (ulimit -f), ends files here; raise it and run it again'],
  ['ENOTDIR', 'a part of this path is a file; name another directory'],
]);

/** Makes the error for a layout that cannot be written to. */
export function layoutUnwritable(cause: unknown, path: string): BundleError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BundleError('ERR_OCI_LAYOUT_OUTPUT', `cannot write ${path}: ${reason}`, {
    path,
    cause,
    hint: outputHints.get(errnoOf(cause) ?? '') ?? 'check that the directory can be written to and has room',
  });
}
