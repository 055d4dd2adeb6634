import { lstat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { partPrefix, removeAbandonedParts, writeThroughPart } from '../content/part-file.js';
import { BundleError } from '../errors/index.js';

/**
 * Lets `produce` write a file that appears under its name only once it is whole and on disk.
 *
 * @remarks The bytes go to `.NAME.<id>.part` in the same directory, which is synced and then renamed. After a fault, an
 * abort or a kill nothing new stands at the name; the part file is removed at once, or by the next run after a kill.
 * @param isForced - replaces a regular file that stands there
 * @param produce - ends the sink, or throws; it is called once the part file is open
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_OUTPUT`
 */
export async function writeOutputFile<Result>(
  path: string,
  isForced: boolean,
  produce: (sink: Writable) => Promise<Result>,
): Promise<Result> {
  const target = resolve(path);
  await assertFree(target, isForced);
  await removeAbandonedParts(dirname(target), partPrefix(target)).catch(rethrow(target));
  // The name may have been taken while the bundle was made.
  const beforeRename = (): Promise<void> => assertFree(target, isForced);
  return await writeThroughPart(target, { fault: outputFault, beforeRename }, produce);
}

/** Makes the error for an output that cannot be written; its cause is the fault below. */
export function outputFault(cause: unknown, path?: string): BundleError {
  if (cause instanceof BundleError && cause.code === 'ERR_OCI_BUNDLE_OUTPUT') return cause;
  const where = path === undefined ? 'the given stream' : path;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BundleError('ERR_OCI_BUNDLE_OUTPUT', `writing the bundle to ${where} failed: ${reason}`, {
    cause,
    hint: outputHint(cause),
    ...(path === undefined ? {} : { path }),
  });
}

/** Says what to do about a fault of the file system while something is written. */
export function outputHint(cause: unknown): string {
  return hints.get(errorCode(cause)) ?? 'check that the output can be written to and has room for the bundle';
}

const hints: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'create the directory first'],
  ['ENOTDIR', 'a part of this path is a file; name a directory that exists'],
  ['EACCES', 'this user may not write there; choose another directory or change its permissions'],
  ['EPERM', 'this user may not write there; choose another directory or change its permissions'],
  ['EROFS', 'the file system is read-only; choose another directory'],
  ['ENOSPC', 'the disk is full; a plan (--dry-run) tells how many bytes the bundle takes'],
  ['EDQUOT', 'the disk quota is used up; a plan (--dry-run) tells how many bytes the bundle takes'],
  ['ENAMETOOLONG', 'give the file a shorter name; most file systems end at 255 bytes'],
  ['EFBIG', 'the file system, or the limit of this process (ulimit -f), ends files here; FAT ends them at 4 GiB'],
]);

function rethrow(path: string): (cause: unknown) => never {
  return (cause) => {
    throw outputFault(cause, path);
  };
}

/** Nothing may stand at the name; with `force` a regular file or a link may, but no directory and no device. */
export async function assertFree(target: string, isForced: boolean): Promise<void> {
  const found = await lstat(target).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw outputFault(error, target);
  });
  if (found === undefined) return;
  const isReplaceable = found.isFile() || found.isSymbolicLink();
  if (isForced && isReplaceable) return;
  throw new BundleError('ERR_OCI_BUNDLE_OUTPUT', `writing the bundle: ${target} exists already`, {
    path: target,
    hint: isReplaceable
      ? 'give another name, or allow replacing it (force, --force)'
      : 'it is not a file; give another name',
  });
}

function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
