import { randomUUID } from 'node:crypto';
import { lstat, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from './usage-error.js';

/** How a file is written. */
export interface WriteTextOptions {
  /** Replaces a file that stands there. */
  readonly isForced: boolean;
  readonly signal: AbortSignal;
}

/** Writes a file that appears under its name only once it is whole and on disk. */
export async function writeTextFile(path: string, text: string, { isForced, signal }: WriteTextOptions): Promise<void> {
  const target = resolve(path);
  const part = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomUUID()}.part`);
  const handle = await open(part, 'wx');
  try {
    await handle.writeFile(text, { signal }).finally(() => handle.sync().finally(() => handle.close()));
    // The name may have been taken meanwhile.
    await assertFreeFile(path, isForced);
    await rename(part, target);
  } catch (error) {
    await unlink(part).catch(() => undefined);
    signal.throwIfAborted();
    throw error;
  }
}

/** Nothing may stand at the name; with `isForced` a file may, but no directory and no device. */
export async function assertFreeFile(path: string, isForced: boolean): Promise<void> {
  if (path === '-') {
    throw new UsageError('--output - names a file called -', { hint: 'leave --output out for standard output' });
  }
  const above = await stat(dirname(resolve(path))).catch(() => undefined);
  if (above?.isDirectory() !== true) {
    throw new UsageError(`--output: ${dirname(path)} is no directory`, { hint: 'create the directory first' });
  }
  const found = await lstat(path).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (found === undefined) return;
  if (!found.isFile() && !found.isSymbolicLink()) {
    throw new UsageError(`--output: ${path} is no file`, { hint: 'name a file' });
  }
  if (!isForced) {
    throw new UsageError(`--output: ${path} exists already`, {
      hint: 'give another name, or replace it with --force',
    });
  }
}
