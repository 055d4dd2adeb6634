import { randomUUID } from 'node:crypto';
import { link, lstat, mkdir, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { OutputFailure } from './output-failure.js';

/** A file and where its bytes come from. */
export interface FileSource {
  readonly name: string;
  /** Opens the content; it fails unless it is what its digest says. */
  readonly open: () => Promise<Readable>;
}

/** How files are written. */
export interface WriteFilesOptions {
  /** Replaces files that are there. */
  readonly isForced: boolean;
  readonly signal: AbortSignal;
  /** Hears of every piece that was written. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

const hints: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'this user may not write there; name another directory'],
  ['EPERM', 'this user may not write there; name another directory'],
  ['EROFS', 'the file system is read-only; name another directory'],
  ['ENOSPC', 'the disk is full'],
  ['ENOTDIR', 'a part of this path is a file; name a directory'],
  ['EEXIST', 'a part of this path is a file; name a directory'],
]);
/** File systems without hard links say one of these. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Writes files into a directory, which is made if need be: none of them gets its name before all of them are whole and on disk.
 *
 * @throws {@link OutputFailure}; whatever the sources throw. After a fault or an abort no part of a file is left
 */
export async function writeFiles(
  directory: string,
  files: readonly FileSource[],
  options: WriteFilesOptions,
): Promise<readonly string[]> {
  const targets = files.map(({ name }) => join(directory, name));
  await mkdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw outputFault(cause, directory);
  });
  for (const target of targets) await assertFree(target, options.isForced);
  const parts = files.map(() => join(directory, `.pull-${randomUUID()}.part`));
  try {
    for (const [index, file] of files.entries()) await writePart(parts[index] ?? '', file, options);
    for (const [index, target] of targets.entries()) await putInPlace(parts[index] ?? '', target, options.isForced);
  } finally {
    for (const part of parts) await unlink(part).catch(ignore);
  }
  return targets;
}

async function writePart(part: string, file: FileSource, { signal, onBytes }: WriteFilesOptions): Promise<void> {
  const handle = await open(part, 'wx').catch((cause: unknown) => {
    throw outputFault(cause, part);
  });
  const writing = async (work: Promise<void>): Promise<void> => {
    await work.catch((cause: unknown) => {
      throw outputFault(cause, part);
    });
  };
  try {
    // The loop destroys the body where it ends early.
    for await (const chunk of (await file.open()) as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      await writing(handle.writeFile(chunk));
      onBytes?.(chunk.length);
    }
    await writing(handle.sync());
  } finally {
    await handle.close();
  }
}

/** Gives a file its name; without force one that has appeared there in the meantime is not replaced. */
async function putInPlace(part: string, target: string, isForced: boolean): Promise<void> {
  try {
    if (isForced) {
      await rename(part, target);
      return;
    }
    await link(part, target).catch(async (error: unknown) => {
      if (!noLinks.has(codeOf(error))) throw error;
      await assertFree(target, false);
      await rename(part, target);
    });
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') throw taken(target);
    throw cause instanceof OutputFailure ? cause : outputFault(cause, target);
  }
}

async function assertFree(target: string, isForced: boolean): Promise<void> {
  const found = await lstat(target).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw outputFault(error, target);
  });
  if (found === undefined || (isForced && (found.isFile() || found.isSymbolicLink()))) return;
  throw taken(target);
}

function taken(target: string): OutputFailure {
  const hint = 'name another directory with --output, or allow replacing files with --force';
  return new OutputFailure(`${target} exists already`, { hint });
}

/** Makes the error for a path that cannot be written to. */
function outputFault(cause: unknown, path: string): OutputFailure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint = hints.get(codeOf(cause)) ?? 'look at disk space and permissions';
  return new OutputFailure(`writing to ${path} failed: ${reason}`, { hint, cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function ignore(): void {
  // It has been renamed, or was never made.
}
