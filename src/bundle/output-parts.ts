import { createHash } from 'node:crypto';
import { lstat, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { PassThrough, Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { partPrefix, removeAbandonedParts, writeThroughPart } from '../content/part-file.js';
import { BundleError } from '../errors/index.js';
import type { WrittenArchive } from './archive-writer.js';
import { ByteCursor } from './byte-cursor.js';
import { assertFree, outputFault } from './output-file.js';
import { type BundlePart, emitPartList, maxParts, partListSuffix, partName } from './part-list.js';

/** How a bundle is written in parts. */
export interface OutputPartsOptions {
  /** Bytes of every part but the last. */
  readonly partBytes: number;
  /** Bytes there will be, or a few more. */
  readonly expectedBytes: number;
  /** Replaces a bundle of the same name. */
  readonly isForced: boolean;
}

/**
 * Lets `produce` write a bundle in parts, `NAME.part001` and so on, and lists them in `NAME.parts.json` once all are on disk.
 *
 * @remarks The list is written last, so that there is none, or one whose parts are there. What an earlier run, whole or
 * killed, has left under these names is removed first; after a fault nothing is left of this one.
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_OUTPUT`
 */
export async function writeOutputParts<Result extends WrittenArchive>(
  path: string,
  { partBytes, expectedBytes, isForced }: OutputPartsOptions,
  produce: (sink: Writable) => Promise<Result>,
): Promise<{ readonly result: Result; readonly parts: readonly BundlePart[] }> {
  const target = resolve(path);
  const list = target + partListSuffix;
  for (const taken of [target, list]) await assertFree(taken, isForced);
  await removeStale(target).catch((cause: unknown) => {
    throw outputFault(cause, target);
  });
  const digits = Math.ceil(expectedBytes / partBytes) > 999 ? 4 : 3;
  const nameOf = (number: number): string => join(dirname(target), partName(basename(target), number, digits));
  const parts: BundlePart[] = [];
  const sink = new PassThrough({ highWaterMark: 1024 * 1024 });
  const name = { isContested: false };
  const cutting = cutParts(sink, partBytes, nameOf, parts);
  cutting.catch((error: unknown) => sink.destroy(error as Error));
  try {
    const result = await produce(sink);
    await cutting;
    const bytes = emitPartList({
      schemaVersion: 1,
      name: basename(target),
      size: result.bytes,
      sha256: result.sha256,
      parts,
    });
    const beforeRename = async (): Promise<void> => {
      name.isContested = true;
      await assertFree(list, isForced);
      await assertThere(target, parts);
      name.isContested = false;
    };
    await writeThroughPart(list, { fault: outputFault, beforeRename }, (file) =>
      pipeline(Readable.from([bytes]), file),
    );
    return { result, parts };
  } catch (error) {
    sink.destroy();
    await cutting.catch(() => undefined);
    // Somebody else writes here, too: what stands under these names may be theirs.
    if (name.isContested) throw error;
    await unlink(list).catch(() => undefined);
    await Promise.all(parts.map((_, index) => unlink(nameOf(index + 1)).catch(() => undefined)));
    throw error;
  }
}

/** Writes what comes into one part after the other, each of which gets its name when it is on disk. */
async function cutParts(
  source: Readable,
  partBytes: number,
  nameOf: (number: number) => string,
  parts: BundlePart[],
): Promise<void> {
  const cursor = new ByteCursor(source as AsyncIterable<Buffer>);
  while (!(await cursor.isAtEnd())) {
    const path = nameOf(parts.length + 1);
    if (parts.length >= maxParts) throw tooMany(path);
    const hash = createHash('sha256');
    const start = cursor.position;
    async function* content(): AsyncGenerator<Buffer> {
      for (let left = partBytes; left > 0; ) {
        const chunk = await cursor.readSome(left);
        if (chunk === undefined) return;
        left -= chunk.length;
        hash.update(chunk);
        yield chunk;
      }
    }
    await writeThroughPart(path, { fault: outputFault }, (file) => pipeline(content, file));
    parts.push({ name: basename(path), size: cursor.position - start, sha256: hash.digest('hex') });
  }
}

/** Removes what stands under the names of a bundle in parts, its list first: there must be no list without its parts. */
async function removeStale(target: string): Promise<void> {
  const directory = dirname(target);
  const start = `${basename(target)}.part`;
  const isPart = (name: string): boolean => name.startsWith(start) && /^\d{3,4}$/.test(name.slice(start.length));
  for (const path of [target + partListSuffix, target]) await removeFile(path);
  const names = await readdir(directory);
  for (const name of names.filter(isPart)) await removeFile(join(directory, name));
  const hidden = names.map((name) => /^(\..*\.)[^.]+\.part$/.exec(name)?.[1]).filter((prefix) => prefix !== undefined);
  const own = hidden.filter((prefix) => prefix === partPrefix(target) || isOwn(prefix.slice(1, -1), basename(target)));
  for (const prefix of new Set(own)) await removeAbandonedParts(directory, prefix);
}

/** Tells whether a name is that of a part or list of parts of a bundle, or a long one that was cut. */
function isOwn(name: string, bundle: string): boolean {
  return name.startsWith(`${bundle}.part`) || (name.length >= 150 && bundle.startsWith(name));
}

async function removeFile(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() === true || found?.isSymbolicLink() === true) await unlink(path);
}

/** Two runs that write to one name would mix their parts. */
async function assertThere(target: string, parts: readonly BundlePart[]): Promise<void> {
  for (const { name, size } of parts) {
    const found = await lstat(join(dirname(target), name)).catch(() => undefined);
    if (found?.isFile() === true && found.size === size) continue;
    throw new BundleError('ERR_OCI_BUNDLE_OUTPUT', `writing the bundle: part ${name} was changed by somebody else`, {
      path: target,
      hint: 'let only one export write to this name, and run it again',
    });
  }
}

function tooMany(path: string): BundleError {
  return new BundleError('ERR_OCI_BUNDLE_OUTPUT', `writing the bundle: it takes more than ${maxParts} parts`, {
    path,
    hint: 'make the parts larger (partBytes, --split)',
  });
}
