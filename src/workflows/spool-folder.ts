import { lstat, mkdir, readdir, rmdir, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOwnerGone, ownId } from '../content/owner-id.js';

const prefix = 'oci-referrers-';
/** The one file in such a folder. */
const fileName = 'bundle';

/** A folder of this user alone, for one file. */
export interface SpoolFolder {
  readonly path: string;
  /** Where its file belongs. */
  readonly file: string;
}

/**
 * Makes a private folder in the system's temporary folder, once those have been removed whose owner was killed.
 *
 * @remarks Its name says who owns it. Age decides nothing: a bundle may be pushed for days from a file that nobody writes
 * to any more.
 */
export async function makeSpoolFolder(): Promise<SpoolFolder> {
  const parent = tmpdir();
  await removeAbandoned(parent);
  const path = join(parent, `${prefix}${ownId()}`);
  await mkdir(path, { mode: 0o700 });
  return { path, file: join(path, fileName) };
}

/** Removes a folder and its file; what is not there is no fault. */
export async function removeSpoolFolder(path: string): Promise<void> {
  await unlink(join(path, fileName)).catch(ignore);
  await rmdir(path).catch(ignore);
}

async function removeAbandoned(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix) || !isOwnerGone(name.slice(prefix.length))) continue;
    const path = join(parent, name);
    // Others can write to the folder above: what they have put there is not followed, and not touched.
    const found = await lstat(path).catch(() => undefined);
    const isOurs = process.getuid === undefined || found?.uid === process.getuid();
    if (found?.isDirectory() === true && isOurs) await removeSpoolFolder(path);
  }
}

function ignore(): void {
  // Another run was faster, or it is not ours to remove.
}
