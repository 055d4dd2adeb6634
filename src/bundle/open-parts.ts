import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, readSmallFile } from '../content/read-small-file.js';
import { ArchiveFault } from './archive-fault.js';
import { type BundlePart, maxPartListBytes, type PartList, parsePartList } from './part-list.js';
import type { FaultListener } from './tar-reader.js';
import { unreadable } from './unreadable.js';

/** A file that stays open, and the place of its bytes in the bundle. */
export interface OpenPart {
  /** What it is called in findings. */
  readonly name: string;
  readonly start: number;
  readonly size: number;
  readonly handle: FileHandle;
  /** What it was when it was opened. */
  readonly opened: BigIntStats;
}

/**
 * Opens every part of a bundle and keeps it open.
 *
 * @param path - of the list of parts; the parts are regular files beside it, and no link is followed
 * @param onFault - told of every part that cannot be used but the last one, which is thrown
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID`, `ERR_OCI_BUNDLE_SOURCE`
 */
export async function openParts(
  path: string,
  onFault: FaultListener,
): Promise<{ readonly list: PartList; readonly parts: readonly OpenPart[] }> {
  const list = parsePartList(await readListFile(path), basename(path));
  const parts: OpenPart[] = [];
  const faults: ArchiveFault[] = [];
  try {
    let start = 0;
    for (const part of list.parts) {
      const opened = await openPart(join(dirname(path), part.name), part, start);
      start += part.size;
      if (opened instanceof ArchiveFault) faults.push(opened);
      else parts.push(opened);
    }
    const last = faults.pop();
    if (last === undefined) return { list, parts };
    for (const fault of faults) onFault(fault);
    throw last;
  } catch (error) {
    await Promise.all(parts.map(({ handle }) => handle.close()));
    throw error;
  }
}

async function readListFile(path: string): Promise<Buffer> {
  const bytes = await readSmallFile(path, maxPartListBytes, (reason, cause) => {
    const what = `the list of parts ${reason}`;
    return cause === undefined
      ? new ArchiveFault('PartsInvalid', what, { path: basename(path) })
      : unreadable(path, cause);
  });
  if (bytes === undefined) throw unreadable(path, new Error('no such file'));
  return bytes;
}

async function openPart(path: string, { name, size }: BundlePart, start: number): Promise<OpenPart | ArchiveFault> {
  let handle: FileHandle | undefined;
  try {
    // A named pipe would keep whoever opens it waiting, and a link leads anywhere.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const opened = await handle.stat({ bigint: true });
    const fault = faultOf(name, size, opened);
    if (fault === undefined) return { name, start, size, handle, opened };
    await handle.close();
    return fault;
  } catch (cause) {
    await handle?.close();
    const code = errnoOf(cause);
    if (code === 'ENOENT') return new ArchiveFault('PartMissing', `part ${name} is not there`, { path: name });
    if (code === 'ELOOP') return notRegular(name);
    throw unreadable(path, cause);
  }
}

function faultOf(name: string, size: number, opened: BigIntStats): ArchiveFault | undefined {
  if (!opened.isFile()) return notRegular(name);
  if (opened.size === BigInt(size)) return undefined;
  const how = opened.size < BigInt(size) ? 'shorter' : 'longer';
  const sizes = { expected: String(size), actual: String(opened.size) };
  return new ArchiveFault('PartSizeMismatch', `part ${name} is ${how} than the list says`, { path: name, ...sizes });
}

function notRegular(name: string): ArchiveFault {
  return new ArchiveFault('PartsInvalid', `part ${name} is no regular file`, { path: name });
}
