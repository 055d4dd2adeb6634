import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeEntryHeader, endOfArchive } from '../../../src/bundle/tar-header.js';
import { blobFile, fileOf, patchHeader, readThrough, storedGzip, tarOf } from './archives.js';

const layout = fileOf('oci-layout', '{}');
const index = fileOf('index.json', '{}');
const [blobName] = blobFile('content');
const blob = fileOf(blobName, 'content');
const long = `blobs/sha512/${'a'.repeat(128)}`;
const close = (...files: readonly Buffer[]): Buffer => Buffer.concat([...files, endOfArchive]);
const header = encodeEntryHeader('oci-layout', 2);
const rest = layout.subarray(512);
/** The archive of one `oci-layout` with one header field changed and the header's checksum set right. */
const patched = (offset: number, value: Buffer | string): Buffer => close(patchHeader(header, offset, value), rest);

/** A PAX header with the given records in front of an ordinary entry. */
function withPax(records: string, type = 'x', size = records.length): Buffer {
  const pax = patchHeader(encodeEntryHeader('PaxHeader', size), 156, type);
  return close(pax, Buffer.from(records.padEnd(Math.ceil(records.length / 512) * 512, '\0')), layout);
}

const archives: readonly (readonly [string, Buffer, string])[] = [
  ['an empty file', Buffer.alloc(0), 'ArchiveTruncated'],
  ['a text file', Buffer.alloc(2000, 'hello'), 'HeaderNotCanonical'],
  ['no end blocks', layout, 'ArchiveTruncated'],
  ['one end block', Buffer.concat([layout, Buffer.alloc(512)]), 'ArchiveTruncated'],
  ['three end blocks', Buffer.concat([close(layout), Buffer.alloc(512)]), 'ArchiveTrailingData'],
  ['one byte after the end', Buffer.concat([close(layout), Buffer.alloc(1)]), 'ArchiveTrailingData'],
  ['an entry after the end', Buffer.concat([close(layout), index]), 'ArchiveTrailingData'],
  ['a lone zero block between entries', close(layout, Buffer.alloc(512), index), 'ArchiveTrailingData'],
  ['a header cut short', Buffer.concat([layout, header.subarray(0, 200)]), 'ArchiveTruncated'],
  ['content cut short', layout.subarray(0, 513), 'ArchiveTruncated'],
  ['padding cut short', layout.subarray(0, 600), 'ArchiveTruncated'],
  [
    'padding that is not zero',
    close(Buffer.concat([layout.subarray(0, 1000), Buffer.alloc(24, 1)])),
    'HeaderNotCanonical',
  ],
  ['the same entry twice', close(layout, layout), 'EntryDuplicate'],
  ['the same entry twice, apart', close(layout, blob, layout), 'EntryDuplicate'],
  ['entries in the wrong order', close(index, layout), 'EntryOrder'],
  [
    'blobs in the wrong order',
    close(fileOf(`blobs/sha256/${'b'.repeat(64)}`, ''), fileOf(`blobs/sha256/${'a'.repeat(64)}`, '')),
    'EntryOrder',
  ],
  ...[
    '../x',
    '/etc/passwd',
    './oci-layout',
    'oci-layout/',
    'OCI-LAYOUT',
    'a\\..\\b',
    'blobs',
    'blobs/sha256/../../x',
    'C:x',
  ].map((name) => [`an entry named ${name}`, close(fileOf(name, 'x')), 'EntryUnsafe'] as const),
  ['an upper-case digest', close(fileOf(blobName.toUpperCase().replace('BLOBS/SHA', 'blobs/sha'), 'x')), 'EntryUnsafe'],
  ['a signature file too many', close(fileOf('signatures/16.sigstore.json', 'x')), 'EntryUnsafe'],
  ['bytes outside ASCII in a name', patched(0, Buffer.from([0xff, 0xfe])), 'EntryUnsafe'],
  ['bytes behind the NUL of a name', patched(50, 'x'), 'HeaderNotCanonical'],
  [
    'a prefix that was not needed',
    close(
      patchHeader(
        patchHeader(
          encodeEntryHeader(blobName, 7),
          0,
          Buffer.concat([Buffer.from(blobName.slice(6)), Buffer.alloc(6)]),
        ),
        345,
        'blobs',
      ),
      blob.subarray(512),
    ),
    'HeaderNotCanonical',
  ],
  ['a hard link', patched(156, '1'), 'EntryUnsafe'],
  ['a symbolic link', patched(156, '2'), 'EntryUnsafe'],
  ['a character device', patched(156, '3'), 'EntryUnsafe'],
  ['a block device', patched(156, '4'), 'EntryUnsafe'],
  ['a directory', patched(156, '5'), 'EntryUnsafe'],
  ['a FIFO', patched(156, '6'), 'EntryUnsafe'],
  ...['\0', '7', 'S', 'L', 'K', 'g', 'X', 'A'].map(
    (type) => [`type ${JSON.stringify(type)}`, patched(156, type), 'HeaderNotCanonical'] as const,
  ),
  ['another mode', patched(100, '0000755'), 'HeaderNotCanonical'],
  ['another owner', patched(108, '0000001'), 'HeaderNotCanonical'],
  ['a time', patched(136, '14000000000'), 'HeaderNotCanonical'],
  ['a link target', patched(157, 'x'), 'HeaderNotCanonical'],
  ['an owner name', patched(265, 'root'), 'HeaderNotCanonical'],
  ['GNU magic', patched(257, 'ustar  \0'), 'HeaderNotCanonical'],
  ['a device number', patched(329, '0000001'), 'HeaderNotCanonical'],
  ['a byte in the unused part', patched(511, 'x'), 'HeaderNotCanonical'],
  [
    'a wrong header checksum',
    close(Buffer.concat([header.subarray(0, 150), Buffer.from('7'), header.subarray(151)]), rest),
    'HeaderNotCanonical',
  ],
  ['a size in blanks', patched(124, '          2 '), 'HeaderNotCanonical'],
  ['a size that is not octal', patched(124, '00000000009\0'), 'HeaderNotCanonical'],
  ['a size in base-256', patched(124, Buffer.from('800000000000000000000002', 'hex')), 'HeaderNotCanonical'],
  ['a negative size in base-256', patched(124, Buffer.alloc(12, 0xff)), 'HeaderNotCanonical'],
  [
    'a size beyond 2^53 in base-256',
    patched(124, Buffer.from('80ffffffffffffffffffffff', 'hex')),
    'HeaderNotCanonical',
  ],
  ['a size larger than the file', patched(124, '00000077777\0'), 'ArchiveTruncated'],
  ['a size that nothing before the record has', patched(124, '77777777777\0'), 'LimitExceeded'],
  ['a PAX path that was not needed', withPax('19 path=oci-layout\n'), 'HeaderNotCanonical'],
  ['a PAX path that leads outside', withPax('20 path=../evil.txt\n'), 'EntryUnsafe'],
  ['a PAX path with a NUL', withPax('19 path=oci\0layout\n'), 'HeaderNotCanonical'],
  ['a PAX record of another length', withPax('99 path=oci-layout\n'), 'HeaderNotCanonical'],
  ['a PAX size that was not needed', withPax('10 size=2\n'), 'HeaderNotCanonical'],
  ['a PAX size that differs', withPax('10 size=9\n'), 'HeaderNotCanonical'],
  ['a negative PAX size', withPax('11 size=-2\n'), 'HeaderNotCanonical'],
  ['a PAX size beyond 2^53', withPax('25 size=9999999999999999\n'), 'HeaderNotCanonical'],
  ['a PAX time', withPax('20 mtime=1234567890\n'), 'HeaderNotCanonical'],
  ['a PAX sparse map', withPax('22 GNU.sparse.major=1\n'), 'HeaderNotCanonical'],
  ['an empty PAX header', withPax(''), 'HeaderNotCanonical'],
  ['a huge PAX header', withPax('19 path=oci-layout\n', 'x', 8 ** 11 - 1), 'HeaderNotCanonical'],
  ['a global PAX header', withPax('19 path=oci-layout\n', 'g'), 'HeaderNotCanonical'],
  ['a GNU long name', withPax('oci-layout', 'L'), 'HeaderNotCanonical'],
  ['a PAX header at the end', close(fileOf(long, 'x').subarray(0, 1024)), 'HeaderNotCanonical'],
  [
    'a PAX header before a PAX header',
    close(fileOf(long, 'x').subarray(0, 1024), fileOf(long, 'x')),
    'HeaderNotCanonical',
  ],
  ['a PAX header cut short', fileOf(long, 'x').subarray(0, 700), 'ArchiveTruncated'],
];

describe('the archive', () => {
  it.each(archives)('is refused for %s', async (_name, bytes, code) => {
    expect(await readThrough(bytes)).toBe(code);
    expect(await readThrough(bytes, [1])).toBe(code);
    expect(await readThrough(await storedGzip(bytes))).toBe(code);
    expect(await readThrough(gzipSync(bytes))).toBe(code);
  });

  it('is refused wherever it is cut', async () => {
    const whole = close(layout, blob, fileOf(long, 'x'));
    for (let size = 0; size < whole.length; size += 37) {
      expect(await readThrough(whole.subarray(0, size)), `cut at ${size}`).toBe('ArchiveTruncated');
    }
  });
});

describe('the gzip layer', () => {
  const tar = tarOf([
    ['oci-layout', '{}'],
    [blobName, Buffer.alloc(70_000, 'x')],
  ]);
  const change = (bytes: Buffer, at: number, value: number): Buffer => {
    const changed = Buffer.from(bytes);
    changed[at < 0 ? bytes.length + at : at] = value;
    return changed;
  };

  it('is refused wherever it is cut', async () => {
    for (const packed of [await storedGzip(tar), gzipSync(tar)]) {
      for (const size of [1, 2, 9, 10, 11, 14, 15, 16, Math.min(65_550, packed.length - 9)]) {
        expect(await readThrough(packed.subarray(0, size)), `cut at ${size}`).toMatch(/Truncated|HeaderNotCanonical/);
      }
      for (const less of [1, 4, 8, 9, 20]) {
        expect(await readThrough(packed.subarray(0, -less)), `${less} short`).toBe('ArchiveTruncated');
      }
    }
  });

  it.each([[2], [3], [4], [8], [9], [10], [11], [13], [-1], [-4], [-5], [-8], [65_550]])(
    'is refused for a changed byte at %i of stored blocks',
    async (at) => {
      const packed = await storedGzip(tar);
      const old = packed.at(at) ?? 0;
      for (const value of [old ^ 1, old ^ 8, old ^ 0x80]) {
        expect(await readThrough(change(packed, at, value)), `byte ${at} = ${value}`).toMatch(
          /CompressionInvalid|ArchiveTruncated/,
        );
      }
    },
  );

  it('is refused for a wrong checksum or length behind compressed data', async () => {
    for (const at of [-1, -5]) expect(await readThrough(change(gzipSync(tar), at, 0x77))).toBe('CompressionInvalid');
  });

  it('is refused for anything behind its member', async () => {
    const second = await storedGzip(tarOf([['oci-layout', 'evil']]));
    for (const packed of [await storedGzip(tar), gzipSync(tar)]) {
      for (const tail of [Buffer.alloc(1), Buffer.from('\0garbage'), second, gzipSync('x')]) {
        expect(await readThrough(Buffer.concat([packed, tail]))).toBe('ArchiveTrailingData');
      }
    }
  });

  it('is refused for stored blocks of another size, which gunzip would accept', async () => {
    const packed = await storedGzip(tarOf([['oci-layout', '{}']]));
    const empty = Buffer.from('000000ffff', 'hex');
    expect(await readThrough(Buffer.concat([packed.subarray(0, 10), empty, packed.subarray(10)]))).toBe(
      'CompressionInvalid',
    );
    const open = change(packed, 10, 0);
    const twoBlocks = Buffer.concat([open.subarray(0, -8), Buffer.from('010000ffff', 'hex'), open.subarray(-8)]);
    expect(await readThrough(twoBlocks)).toBe('CompressionInvalid');
  });

  it('is refused for a file name in its header', async () => {
    const packed = gzipSync(tar);
    const named = Buffer.concat([change(packed, 3, 8).subarray(0, 10), Buffer.from('a.tar\0'), packed.subarray(10)]);
    expect(await readThrough(named)).toBe('CompressionInvalid');
  });
});
