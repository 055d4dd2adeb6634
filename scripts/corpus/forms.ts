import { gzipSync } from 'node:zlib';
import { storedGzip } from '../../test/unit/bundle-read/archives.js';
import type { CorpusBase } from './corpus-base.js';
import type { CorpusCase } from './corpus-case.js';

/** Makes the files of a case: a tar in every packing there is, or the one file that is about its packing. */
export async function formsOf(
  { form, build }: CorpusCase,
  base: CorpusBase,
): Promise<readonly (readonly [suffix: string, bytes: Buffer])[]> {
  const bytes = await build(base);
  if (form === 'tgz') return [['.tgz', bytes]];
  return [
    ['.tar', bytes],
    ['.tgz', await storedGzip(bytes)],
    ['.deflate.tgz', gzipSync(bytes, { level: 1 })],
  ];
}
