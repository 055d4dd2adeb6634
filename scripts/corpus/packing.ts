import { gzipSync } from 'node:zlib';
import type { FindingCode } from '../../src/bundle/finding.js';
import { encodeStoredHeader } from '../../src/bundle/gzip-stored.js';
import { storedGzip } from '../../test/unit/bundle-read/archives.js';
import { corpusTails } from './corpus-base.js';
import type { CorpusCase, CorpusFamily } from './corpus-case.js';

/** What a compressed file can be like; `deflate` stands for what zlib makes of the tar, `store` for our own framing. */
type Change = (packed: Buffer, tar: Buffer) => Buffer | Promise<Buffer>;

/** Faults of either packing. */
const shared: readonly (readonly [string, FindingCode, Change])[] = [
  ...corpusTails.map(([what, tail]): readonly [string, FindingCode, Change] => [
    `${what} after the member`,
    'ArchiveTrailingData',
    (packed) => Buffer.concat([packed, tail]),
  ]),
  ['a second member with another bundle', 'ArchiveTrailingData', (packed) => Buffer.concat([packed, packed])],
  ['an empty second member', 'ArchiveTrailingData', (packed) => Buffer.concat([packed, gzipSync('')])],
  ['no trailer', 'ArchiveTruncated', (packed) => packed.subarray(0, -8)],
  ['half a trailer', 'ArchiveTruncated', (packed) => packed.subarray(0, -3)],
  ['a wrong checksum', 'CompressionInvalid', (packed) => flip(packed, packed.length - 8)],
  ['a wrong length', 'CompressionInvalid', (packed) => flip(packed, packed.length - 1)],
  ['another method in its header', 'CompressionInvalid', (packed) => set(packed, 2, 7)],
  ['a reserved flag in its header', 'CompressionInvalid', (packed) => set(packed, 3, 0x80)],
  ['a comment in its header', 'CompressionInvalid', (packed) => withHeaderField(packed, 16, 'hidden\0')],
  ['an extra field in its header', 'CompressionInvalid', (packed) => withHeaderField(packed, 4, '\x04\0evil')],
  ['a checksum of its header', 'CompressionInvalid', (packed) => withHeaderField(packed, 2, '\0\0')],
  ['a header that ends after its magic', 'ArchiveTruncated', (packed) => packed.subarray(0, 2)],
  ['a header that is not whole', 'ArchiveTruncated', (packed) => packed.subarray(0, 9)],
  ['a header and nothing more', 'ArchiveTruncated', (packed) => packed.subarray(0, 10)],
];

/** What other programs write into a gzip header: not ours in `store`, nothing that changes the content in `deflate`. */
const header: readonly (readonly [string, Change])[] = [
  ['a time in its header', (packed) => set(packed, 4, 1)],
  ['a compression level in its header', (packed) => set(packed, 8, 2)],
  ['an operating system in its header', (packed) => set(packed, 9, 3)],
];

export const packing: CorpusFamily = {
  name: 'packing',
  cases: () => [
    ...(['store', 'deflate'] as const).flatMap((how) => [
      ...shared.map(([what, code, change]) => packed(how, what, [code], change, [code])),
      ...header.map(([what, change]) => packed(how, what, how === 'store' ? ['CompressionInvalid'] : [], change, [])),
      packed(
        how,
        'a file name in its header',
        ['CompressionInvalid'],
        (bytes) => withHeaderField(bytes, 8, 'app.tar\0'),
        [],
      ),
      packed(how, 'a file name that never ends', ['CompressionInvalid'], withEndlessName, ['CompressionInvalid']),
    ]),
    packed('store', 'the file cut in the middle', ['ArchiveTruncated', 'BlobMissing'], half, ['ArchiveTruncated']),
    packed('deflate', 'its last bytes cut off', ['ArchiveTruncated'], (bytes) => bytes.subarray(0, -10), [
      'ArchiveTruncated',
    ]),
    packed('store', 'blocks of another size', ['CompressionInvalid'], (_packed, tar) => inBlocks(tar, 1000), []),
    packed('store', 'an empty block at the start', ['CompressionInvalid'], emptyBlock, []),
    packed(
      'store',
      'bits set that nobody reads',
      ['CompressionInvalid'],
      (bytes) => set(bytes, 10, (bytes[10] ?? 0) | 8),
      [],
    ),
    packed('store', 'a length that is not the inverse of itself', ['CompressionInvalid'], (bytes) => flip(bytes, 13), [
      'CompressionInvalid',
    ]),
    packed('deflate', 'a block of the reserved type', ['CompressionInvalid'], (bytes) => set(bytes, 10, 7), [
      'CompressionInvalid',
    ]),
    packed('deflate', 'twice', ['CompressionInvalid'], (bytes) => gzipSync(bytes), ['HeaderNotCanonical']),
  ],
};

function packed(
  how: 'store' | 'deflate',
  what: string,
  codes: readonly FindingCode[],
  change: Change,
  inLayout: readonly FindingCode[],
): CorpusCase {
  const build: CorpusCase['build'] = async ({ tar }) =>
    await change(how === 'store' ? await storedGzip(tar) : gzipSync(tar, { level: 9 }), tar);
  return { name: `${how} ${what}`, codes: [...codes].sort(), inLayout: [...inLayout].sort(), form: 'tgz', build };
}

function set(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = value;
  return changed;
}

function flip(bytes: Buffer, at: number): Buffer {
  return set(bytes, at, (bytes[at] ?? 0) ^ 1);
}

function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length * 0.7));
}

function withHeaderField(bytes: Buffer, flag: number, field: string): Buffer {
  return Buffer.concat([set(bytes, 3, flag).subarray(0, 10), Buffer.from(field, 'latin1'), bytes.subarray(10)]);
}

function withEndlessName(bytes: Buffer): Buffer {
  return withHeaderField(bytes, 8, 'a'.repeat(70_000));
}

/** Stored blocks as zlib might cut them: gunzip reads them, and the same bundle would have many forms. */
function inBlocks(tar: Buffer, size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < tar.length; at += size) {
    const block = tar.subarray(at, at + size);
    blocks.push(encodeStoredHeader(block.length, at + size >= tar.length), block);
  }
  return Buffer.concat([Buffer.from('1f8b08000000000000ff', 'hex'), ...blocks, trailerOf(tar)]);
}

function emptyBlock(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, 10), encodeStoredHeader(0, false), bytes.subarray(10)]);
}

function trailerOf(tar: Buffer): Buffer {
  return gzipSync(tar).subarray(-8);
}
