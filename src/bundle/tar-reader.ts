import { ArchiveFault, truncated } from './archive-fault.js';
import { ByteCursor } from './byte-cursor.js';
import { counted } from './counted.js';
import { endOfArchive, paddingOf, tarBlockSize } from './tar-header.js';
import { readEntryHeader } from './tar-header-reader.js';

/** One file of a tar, while its turn lasts. */
export interface TarEntry {
  readonly path: string;
  /** Bytes of content. */
  readonly size: number;
  /** Where the content starts in the tar, in bytes. */
  readonly offset: number;
  /** False for an entry that nobody may look at; the listener has been told why. */
  readonly isUsable: boolean;
  /** Reads the content, once; what is left of it is skipped when the next entry is asked for. */
  chunks(): AsyncGenerator<Buffer>;
}

/** Told of every fault after which reading can go on; throw to stop there. */
export type FaultListener = (fault: ArchiveFault) => void;

/**
 * Reads a tar of this format strictly: no other header than the one our writer makes, zero padding, two zero blocks, end.
 *
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID` for a fault that leaves no way to find the next entry
 */
export async function* readTar(content: AsyncIterable<Buffer>, onFault: FaultListener): AsyncGenerator<TarEntry> {
  const cursor = new ByteCursor(content);
  try {
    let last: string | undefined;
    for (;;) {
      const header = await readEntryHeader(cursor, last);
      if (header === undefined) break;
      last = header.path;
      if (header.fault !== undefined) onFault(header.fault);
      yield* readEntry(cursor, header, onFault);
    }
    await readEnd(cursor);
  } finally {
    await cursor.close();
  }
}

async function* readEntry(
  cursor: ByteCursor,
  header: { readonly path: string; readonly size: number; readonly isUsable: boolean },
  onFault: FaultListener,
): AsyncGenerator<TarEntry> {
  const { path, size } = header;
  let left = size;
  async function* chunks(): AsyncGenerator<Buffer> {
    while (left > 0) {
      const chunk = await cursor.readSome(left);
      if (chunk === undefined) throw truncated(`inside ${path}, ${counted(left, 'byte')} short`, path);
      left -= chunk.length;
      yield chunk;
    }
  }
  yield { path, size, offset: cursor.position, isUsable: header.isUsable, chunks };
  const skipped = chunks();
  while ((await skipped.next()).done !== true);
  const padding = await cursor.readExactly(paddingOf(size));
  if (padding.length < paddingOf(size)) throw truncated(`in the padding after ${path}`, path);
  if (!padding.equals(endOfArchive.subarray(0, padding.length))) {
    onFault(new ArchiveFault('HeaderNotCanonical', `the padding after ${path} is not zero`, { path }));
  }
}

/** The first zero block has been read: one more, and nothing after it. */
async function readEnd(cursor: ByteCursor): Promise<void> {
  const second = await cursor.readExactly(tarBlockSize);
  if (second.length < tarBlockSize) throw truncated('before the second zero block that ends an archive');
  if (second.equals(endOfArchive.subarray(0, tarBlockSize)) && (await cursor.isAtEnd())) return;
  throw new ArchiveFault('ArchiveTrailingData', 'the archive goes on after the zero block that ends it');
}
