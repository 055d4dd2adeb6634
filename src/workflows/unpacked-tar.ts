import { Readable } from 'node:stream';
import { BundleFile } from '../bundle/bundle-file.js';
import type { BundleReader } from '../bundle/bundle-reader.js';
import { spool } from './spool.js';

/**
 * Runs work that reads entries in any order; the tar of a compressed bundle is unpacked to a private file for that long.
 *
 * @remarks It comes from the same open file that was validated, takes no more room than the validator counted, and every
 * entry is hashed again when it is used. A bundle that is not compressed is read in its place.
 * @param reader - has been iterated over to its end
 */
export async function withEntries<Result>(
  reader: BundleReader,
  maxBytes: number,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (reader.compression !== 'deflate') return await work();
  await using spooled = await spool(Readable.from(reader.unpack(), { objectMode: false }), maxBytes, signal);
  await using tar = await BundleFile.open(spooled.path);
  reader.readFrom(tar);
  return await work();
}
