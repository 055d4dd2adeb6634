import { gzipSync } from 'node:zlib';
import { storedGzip } from '../../test/unit/bundle-read/archives.js';
import type { CorpusBase } from './corpus-base.js';
import type { CorpusCase } from './corpus-case.js';

type Pack = (tar: Buffer) => Buffer | Promise<Buffer>;

/** The ways a tar can be packed. */
const packings: readonly (readonly [suffix: string, pack: Pack])[] = [
  ['.tar', (tar) => tar],
  ['.tgz', storedGzip],
  ['.deflate.tgz', (tar) => gzipSync(tar, { level: 1 })],
];

/**
 * Makes the files of a case: a tar in every packing there is, or the one file that is about its packing.
 *
 * @param turn - picks one of the packings, for cases that differ in what an entry says only
 */
export async function formsOf(
  { form, build }: CorpusCase,
  base: CorpusBase,
  turn?: number,
): Promise<readonly (readonly [suffix: string, bytes: Buffer])[]> {
  const bytes = await build(base);
  if (form === 'tgz') return [['.tgz', bytes]];
  const wanted = packings.filter((_, at) => turn === undefined || at === turn % packings.length);
  return await Promise.all(wanted.map(async ([suffix, pack]) => [suffix, await pack(bytes)] as const));
}
