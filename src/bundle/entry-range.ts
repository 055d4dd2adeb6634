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
  const chunks = file.read(first, last, signal);
  let skip = 0;
  for await (const chunk of chunks) {
    if (!isStored) {
      at += chunk.length;
      yield chunk;
      continue;
    }
    for (let from = 0; from < chunk.length; ) {
      if (skip > 0) {
        const skipped = Math.min(skip, chunk.length - from);
        skip -= skipped;
        from += skipped;
        continue;
      }
      const part = chunk.subarray(from, from + storedBlockSize - (at % storedBlockSize));
      from += part.length;
      at += part.length;
      if (at % storedBlockSize === 0) skip = storedHeaderSize;
      yield part;
    }
  }
  if (at !== end) throw changed(file.path, `it ends ${end - at} bytes early`);
}

/** Finds where a byte of the tar lies in a file of stored gzip blocks. */
export function storedPosition(offset: number): number {
  const block = Math.floor(offset / storedBlockSize);
  return gzipHeader.length + (block + 1) * storedHeaderSize + offset;
}
