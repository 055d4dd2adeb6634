import { escapeText } from '../../oci/escape.js';
import { ArchiveFault, truncated } from '../archive-fault.js';
import { ByteCursor } from '../byte-cursor.js';
import { counted } from '../counted.js';
import { paddingOf, tarBlockSize } from '../tar-header.js';
import type { FaultListener } from '../tar-reader.js';
import { readForeignHeader } from './foreign-header.js';
import { ForeignNames } from './foreign-names.js';

/** One regular file of a foreign tar, while its turn lasts. */
export interface ForeignEntry {
  /** Its name, safe and without `./`. */
  readonly path: string;
  readonly size: number;
  /** Reads the content, once. */
  chunks(): AsyncGenerator<Buffer>;
}

export interface ForeignTarLimits {
  readonly maxEntries: number;
  readonly maxTotalBytes: number;
}

/** Headers cost time even where nothing follows them: a million of them are a few megabytes when they are packed. */
const mostEntries = 150_000;
/** Zeroes after the end: GNU fills up to 10,240 bytes, or to a blocking factor somebody chose. */
const maxFill = 1024 * 1024;

/**
 * Reads the files of a tar that another tool wrote; directories are checked and passed over.
 *
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID` for everything that tools read in different ways
 */
export async function* readForeignTar(
  content: AsyncIterable<Buffer>,
  { maxEntries, maxTotalBytes }: ForeignTarLimits,
  onFault: FaultListener,
): AsyncGenerator<ForeignEntry> {
  const cursor = new ByteCursor(content);
  const names = new ForeignNames();
  try {
    let after = 'at the start';
    for (let count = 1, total = 0; ; count++) {
      const header = await readForeignHeader(cursor, after);
      if (header === undefined) break;
      const { size, isDirectory } = header;
      total += size;
      const most = Math.min(maxEntries, mostEntries);
      if (count > most) throw overLimit('maxEntries', most);
      if (total > maxTotalBytes) throw overLimit('maxTotalBytes', maxTotalBytes);
      const path = names.take(header.path, isDirectory);
      if (path instanceof ArchiveFault) onFault(path);
      after = `after ${escapeText(header.path)}`;
      if (!isDirectory) yield* readContent(cursor, typeof path === 'string' ? path : undefined, size, after);
    }
    await readEnd(cursor);
  } finally {
    await cursor.close();
  }
}

async function* readContent(
  cursor: ByteCursor,
  path: string | undefined,
  size: number,
  after: string,
): AsyncGenerator<ForeignEntry> {
  let left = size;
  async function* chunks(): AsyncGenerator<Buffer> {
    while (left > 0) {
      const chunk = await cursor.readSome(left);
      if (chunk === undefined) throw truncated(`${after}, ${counted(left, 'byte')} short`, path);
      left -= chunk.length;
      yield chunk;
    }
  }
  if (path !== undefined) yield { path, size, chunks };
  const skipped = chunks();
  while ((await skipped.next()).done !== true);
  const padding = await cursor.readExactly(paddingOf(size));
  if (padding.length < paddingOf(size)) throw truncated(`in the padding ${after}`, path);
  if (padding.some((byte) => byte !== 0)) {
    throw new ArchiveFault('HeaderNotCanonical', `the padding ${after} is not zero`, { path });
  }
}

/** The first zero block has been read: one more, then nothing but zeroes. */
async function readEnd(cursor: ByteCursor): Promise<void> {
  const second = await cursor.readExactly(tarBlockSize);
  if (second.length < tarBlockSize) throw truncated('before the second zero block that ends an archive');
  let fill = second;
  for (let total = 0; ; ) {
    if (fill.some((byte) => byte !== 0)) break;
    const next = await cursor.readSome(64 * 1024);
    if (next === undefined) return;
    total += next.length;
    if (total > maxFill) break;
    fill = next;
  }
  throw new ArchiveFault('ArchiveTrailingData', 'the archive goes on after the zero blocks that end it');
}

function overLimit(limitName: string, limit: number): ArchiveFault {
  const message = `the archive goes beyond ${limitName} (${limit}); reading stopped there`;
  return new ArchiveFault('LimitExceeded', message, { expected: String(limit) });
}
