import { type FileHandle, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { isOwnerGone, isOwnerId, ownId } from './owner-id.js';

/** A part file that nobody has written to for a day has no owner, wherever that owner ran. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;
/** Of the 255 bytes a name may have, the id of a part file needs up to 50. */
const mostNameBytes = 180;
/** Bytes that wait to be written before the source is told to pause. */
const bufferedBytes = 1024 * 1024;
/** Bytes that are written at once: for less, a file system takes five times as long. */
const writtenAtOnce = 512 * 1024;

/** How a file is written through its part file. */
export interface PartFileOptions {
  /** Makes the error for a fault of the file system. */
  readonly fault: (cause: unknown, path: string) => Error;
  /** Lets only this user read the file; false by default. */
  readonly isPrivate?: boolean | undefined;
  /** Called once the part file is whole and on disk; what it throws keeps the file from getting its name. */
  readonly beforeRename?: (() => Promise<void>) | undefined;
}

/**
 * Lets `produce` write a file that appears under its name only once it is whole and on disk, and then replaces what is there.
 *
 * @remarks The bytes go to `.NAME.<id>.part` in the same directory, which is synced and then renamed. After a fault, an
 * abort or a kill nothing new stands at the name; the part file is removed at once, after a kill by the next
 * {@link removeAbandonedParts}.
 * @param produce - ends the sink, or throws; it is called once the part file is open
 */
export async function writeThroughPart<Result>(
  target: string,
  { fault, beforeRename, isPrivate = false }: PartFileOptions,
  produce: (sink: Writable) => Promise<Result>,
): Promise<Result> {
  const rethrow = (cause: unknown): never => {
    throw fault(cause, target);
  };
  const part = join(dirname(target), `${partPrefix(target)}${ownId()}.part`);
  const handle = await open(part, 'wx', isPrivate ? 0o600 : 0o666).catch(rethrow);
  try {
    const result = await fill(handle, (cause) => fault(cause, target), produce);
    await beforeRename?.();
    await rename(part, target).catch(rethrow);
    await syncDirectory(dirname(target)).catch(rethrow);
    return result;
  } catch (error) {
    await unlink(part).catch(() => {
      // It has been renamed, or somebody else removed it.
    });
    throw error;
  }
}

/** Begins the name of a part file; a long name is cut, so that a name the file system takes has room for the rest. */
export function partPrefix(target: string): string {
  const name = Buffer.from(basename(target))
    .subarray(0, mostNameBytes)
    .toString()
    .replace(/\ufffd+$/, '');
  return `.${name}.`;
}

/**
 * Removes part files whose owner is gone.
 *
 * @param prefix - what {@link partPrefix} says; part files of every name when absent
 */
export async function removeAbandonedParts(directory: string, prefix?: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const match = /^(\..*\.)([a-z0-9-]+)\.part$/.exec(name);
    const owner = match?.[2];
    if (owner === undefined || !isOwnerId(owner) || (prefix !== undefined && match?.[1] !== prefix)) continue;
    const part = join(directory, name);
    const found = await stat(part).catch(() => undefined);
    if (found === undefined) continue;
    if (Date.now() - found.mtimeMs > abandonedAfterMs || isOwnerGone(owner)) {
      await unlink(part).catch(() => {
        // Another run was faster.
      });
    }
  }
}

/** Has the names of a directory on disk. */
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

async function fill<Result>(
  handle: FileHandle,
  fault: (cause: unknown) => Error,
  produce: (sink: Writable) => Promise<Result>,
): Promise<Result> {
  const sink = createFileSink(handle, fault);
  try {
    return await produce(sink);
  } finally {
    sink.destroy();
    // Waits for a write that is under way.
    await handle.close();
  }
}

/** Bytes after which the disk is told to begin, so that not all of them wait for the end. */
const writeBackBytes = 32 * 1024 * 1024;

/** Has what was written put on disk meanwhile. */
interface WriteBack {
  /** Throws what has gone wrong so far: nobody writes gibibytes to a disk that has failed. */
  readonly written: (bytes: number) => void;
  /** Waits for the last of it; throws what went wrong on the way, which the system tells once and not again. */
  readonly finish: () => Promise<void>;
}

function createWriteBack(handle: FileHandle): WriteBack {
  let waiting = 0;
  let busy: Promise<void> | undefined;
  let fault: { readonly cause: unknown } | undefined;
  return {
    written: (bytes) => {
      if (fault !== undefined) throw fault.cause;
      waiting += bytes;
      if (busy !== undefined || waiting < writeBackBytes) return;
      waiting = 0;
      busy = handle.datasync().then(
        () => {
          busy = undefined;
        },
        (cause: unknown) => {
          fault = { cause };
        },
      );
    },
    finish: async () => {
      await busy;
      if (fault !== undefined) throw fault.cause;
      await handle.sync();
    },
  };
}

/** A stream into a file that finishes once everything is on disk; closing the file is up to its owner. */
function createFileSink(handle: FileHandle, fault: (cause: unknown) => Error): Writable {
  const settle = (work: Promise<void>, done: (error?: Error) => void): void => {
    work.then(
      () => {
        done();
      },
      (cause: unknown) => {
        done(fault(cause));
      },
    );
  };
  const writeBack = createWriteBack(handle);
  let gathered: Buffer[] = [];
  let gatheredBytes = 0;
  const flush = async (): Promise<void> => {
    const bytes = gathered.length === 1 && gathered[0] !== undefined ? gathered[0] : Buffer.concat(gathered);
    gathered = [];
    gatheredBytes = 0;
    await handle.writeFile(bytes);
    writeBack.written(bytes.length);
  };
  const take = async (chunk: Buffer): Promise<void> => {
    gathered.push(chunk);
    gatheredBytes += chunk.length;
    if (gatheredBytes >= writtenAtOnce) await flush();
  };
  const finish = async (): Promise<void> => {
    await flush();
    await writeBack.finish();
  };
  return new Writable({
    highWaterMark: bufferedBytes,
    write: (chunk: Buffer, _encoding, done): void => {
      settle(take(chunk), done);
    },
    final: (done): void => {
      settle(finish(), done);
    },
  });
}
