import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, lstat, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { BundleError } from '../errors/index.js';

/** A part file that nobody has written to for a day has no owner, wherever that owner ran. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;
/** Of the 255 bytes a name may have, the id of a part file needs up to 50. */
const mostNameBytes = 180;
/** Bytes that wait to be written before the source is told to pause. */
const bufferedBytes = 1024 * 1024;

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
  const part = join(dirname(target), `${partPrefix(target)}${ownId()}.part`);
  const handle = await openPart(part, target);
  try {
    const result = await fill(handle, produce);
    // The name may have been taken while the bundle was made.
    await assertFree(target, isForced);
    await rename(part, target).catch(rethrow(target));
    await syncDirectory(dirname(target)).catch(rethrow(target));
    return result;
  } catch (error) {
    await unlink(part).catch(() => {
      // It has been renamed, or somebody else removed it.
    });
    throw error;
  }
}

/** Makes the error for an output that cannot be written; its cause is the fault below. */
export function outputFault(cause: unknown, path?: string): BundleError {
  const where = path === undefined ? 'the given stream' : path;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BundleError('ERR_OCI_BUNDLE_OUTPUT', `writing the bundle to ${where} failed: ${reason}`, {
    cause,
    hint: hints.get(errorCode(cause)) ?? 'check that the output can be written to and has room for the bundle',
    ...(path === undefined ? {} : { path }),
  });
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
  ['EFBIG', 'the file system cannot hold a file this large; FAT ends at 4 GiB'],
]);

function rethrow(path: string): (cause: unknown) => never {
  return (cause) => {
    throw outputFault(cause, path);
  };
}

/** Nothing may stand at the name; with `force` a regular file or a link may, but no directory and no device. */
async function assertFree(target: string, isForced: boolean): Promise<void> {
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

async function openPart(part: string, target: string): Promise<FileHandle> {
  try {
    await removeAbandoned(target);
    return await open(part, 'wx');
  } catch (cause) {
    throw outputFault(cause, target);
  }
}

async function fill<Result>(handle: FileHandle, produce: (sink: Writable) => Promise<Result>): Promise<Result> {
  const sink = createFileSink(handle);
  try {
    return await produce(sink);
  } finally {
    sink.destroy();
    // Waits for a write that is under way.
    await handle.close();
  }
}

/** A stream into a file that finishes once everything is on disk; closing the file is up to its owner. */
function createFileSink(handle: FileHandle): Writable {
  return new Writable({
    highWaterMark: bufferedBytes,
    write: (chunk: Buffer, _encoding, done): void => {
      handle.writeFile(chunk).then(() => {
        done();
      }, done);
    },
    final: (done): void => {
      handle.sync().then(() => {
        done();
      }, done);
    },
  });
}

async function syncDirectory(path: string): Promise<void> {
  // Windows has no such thing; there the rename is as durable as it gets.
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Begins the name of a part file; a long name is cut, so that a name the file system takes has room for the rest. */
function partPrefix(target: string): string {
  const name = Buffer.from(basename(target))
    .subarray(0, mostNameBytes)
    .toString()
    .replace(/\ufffd+$/, '');
  return `.${name}.`;
}

/** Names this process among all that may write here: machine, process, when it was started, and which of its files. */
function ownId(): string {
  return `${machineId()}-${process.pid}-${startTime()}-${randomBytes(4).toString('hex')}`;
}

function machineId(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
}

function startTime(): string {
  return Math.round(performance.timeOrigin).toString(36);
}

/** Removes part files of this name whose owner is gone. */
async function removeAbandoned(target: string): Promise<void> {
  const prefix = partPrefix(target);
  for (const name of await readdir(dirname(target))) {
    const match =
      name.startsWith(prefix) && /^([a-f0-9]{8})-(\d+)-([a-z0-9]+)-[a-f0-9]{8}\.part$/.exec(name.slice(prefix.length));
    if (!match) continue;
    const part = join(dirname(target), name);
    const found = await stat(part).catch(() => undefined);
    if (found === undefined) continue;
    const isAbandoned =
      Date.now() - found.mtimeMs > abandonedAfterMs || isOwnerGone(match[1], Number(match[2]), match[3]);
    if (isAbandoned) {
      await unlink(part).catch(() => {
        // Another run was faster.
      });
    }
  }
}

function isOwnerGone(machine: string | undefined, pid: number, started: string | undefined): boolean {
  if (machine !== machineId()) return false;
  // In a container a new process often has the number of the one before it.
  if (pid === process.pid) return started !== startTime();
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}

function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
