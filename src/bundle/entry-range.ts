import type { BundleFile } from './bundle-file.js';
import { gzipHeader, storedBlockSize, storedHeaderSize } from './gzip-stored.js';
import { changed } from './unreadable.js';

/** Where content lies in a tar. */
export interface TarRange {
  /** First byte, counted in the tar. */
  readonly offset: number;
  readonly size: number;
}

/**
 * Reads a range of the tar inside a bundle file without reading what comes before it.
 *
 * @remarks In stored gzip the place of every byte is known by arithmetic: full blocks of 65,535 bytes, 5 before each.
 * The bytes are not verified here.
 */
export async function* readRange(
  file: BundleFile,
  compression: 'none' | 'store',
  range: TarRange,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const end = range.offset + range.size;
  let at = range.offset;
  const isStored = compression === 'store';
  const first = isStored ? storedPosition(at) : at;
  const last = !isStored ? end : range.size === 0 ? first : storedPosition(end - 1) + 1;
  await file.assertUnchanged(first, last);
  const blocks = isStored ? new StoredBlocks(at) : undefined;
  for await (const chunk of file.read(first, last, signal)) {
    const content = blocks?.strip(chunk) ?? chunk;
    at += content.length;
    if (content.length > 0) yield content;
  }
  if (at !== end) throw changed(file.path, `it ends ${end - at} bytes early`);
}

/** Takes the headers of stored blocks out of a file that is read in chunks. */
class StoredBlocks {
  /** Bytes that are left of the block, or, where it is negative, of the header of the next one. */
  #left: number;

  /** @param offset - where in the tar reading begins */
  constructor(offset: number) {
    this.#left = storedBlockSize - (offset % storedBlockSize);
  }

  /** Moves the content together within the chunk: what goes on the wire in large pieces arrives sooner. */
  strip(chunk: Buffer): Buffer {
    let kept = 0;
    for (let from = 0; from < chunk.length; ) {
      const isContent = this.#left > 0;
      const part = Math.min(Math.abs(this.#left), chunk.length - from);
      if (isContent && kept !== from) chunk.copyWithin(kept, from, from + part);
      if (isContent) kept += part;
      from += part;
      this.#left -= isContent ? part : -part;
      if (this.#left === 0) this.#left = isContent ? -storedHeaderSize : storedBlockSize;
    }
    return chunk.subarray(0, kept);
  }
}

/** Finds where a byte of the tar lies in a file of stored gzip blocks. */
export function storedPosition(offset: number): number {
  const block = Math.floor(offset / storedBlockSize);
  return gzipHeader.length + (block + 1) * storedHeaderSize + offset;
}
