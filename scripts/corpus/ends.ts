import { endOfArchive } from '../../src/bundle/tar-header.js';
import { fileOf } from '../../test/unit/bundle-read/archives.js';
import { type CorpusBase, firstBlob, withEntries } from './corpus-base.js';
import { type CorpusFamily, tarCase } from './corpus-case.js';

const block = Buffer.alloc(512);
const extra = fileOf(`blobs/sha256/${'f'.repeat(64)}`, 'evil');

/** What the last member of an archive looks like when the file ends inside it. */
function cut(base: CorpusBase, where: 'header' | 'content' | 'padding'): Buffer {
  const [path = '', content = ''] = base.files.at(-1) ?? [];
  const member = fileOf(path, content);
  const start = base.tar.length - endOfArchive.length - member.length;
  const at = { header: 200, content: 512 + 3, padding: 512 + content.length + 1 }[where];
  return base.tar.subarray(0, start + at);
}

export const ends: CorpusFamily = {
  name: 'ends',
  cases: () => [
    tarCase('an empty file', 'ArchiveTruncated', () => Buffer.alloc(0), 'ArchiveTruncated'),
    tarCase('nothing but zeroes', 'ArchiveTrailingData', () => Buffer.alloc(10_240), 'EntryMissing'),
    tarCase('an archive without entries', 'BundleRecordMissing', () => endOfArchive, 'EntryMissing'),
    tarCase('a text', 'HeaderNotCanonical', () => Buffer.alloc(2000, 'hello '), 'HeaderNotCanonical'),
    tarCase(
      'a header cut short',
      ['ArchiveTruncated', 'BlobMissing'],
      (base) => cut(base, 'header'),
      'ArchiveTruncated',
    ),
    tarCase(
      'content cut short',
      ['ArchiveTruncated', 'BlobMissing'],
      (base) => cut(base, 'content'),
      'ArchiveTruncated',
    ),
    tarCase('padding cut short', 'ArchiveTruncated', (base) => cut(base, 'padding'), 'ArchiveTruncated'),
    tarCase('no end', 'ArchiveTruncated', ({ tar }) => tar.subarray(0, -1024), 'ArchiveTruncated'),
    tarCase('one block of the end', 'ArchiveTruncated', ({ tar }) => tar.subarray(0, -512), 'ArchiveTruncated'),
    tarCase('half a block of the end', 'ArchiveTruncated', ({ tar }) => tar.subarray(0, -700), 'ArchiveTruncated'),
    tarCase('a third block of zeroes', 'ArchiveTrailingData', ({ tar }) => Buffer.concat([tar, block]), []),
    tarCase('the padding of GNU to 10,240 bytes', 'ArchiveTrailingData', ({ tar }) => padded(tar, 10_240), []),
    tarCase(
      'one zero byte after the end',
      'ArchiveTrailingData',
      ({ tar }) => Buffer.concat([tar, block.subarray(0, 1)]),
      [],
    ),
    tarCase(
      'two megabytes of zeroes after the end',
      'ArchiveTrailingData',
      ({ tar }) => padded(tar, 2 ** 21 + tar.length),
      'ArchiveTrailingData',
    ),
    tarCase(
      'a text after the end',
      'ArchiveTrailingData',
      ({ tar }) => Buffer.concat([tar, Buffer.from('evil')]),
      'ArchiveTrailingData',
    ),
    tarCase(
      'an entry after the end',
      'ArchiveTrailingData',
      ({ tar }) => Buffer.concat([tar, extra]),
      'ArchiveTrailingData',
    ),
    tarCase(
      'a second archive after the end',
      'ArchiveTrailingData',
      ({ tar }) => Buffer.concat([tar, tar]),
      'ArchiveTrailingData',
    ),
    tarCase(
      'a lone block of zeroes before an entry',
      'ArchiveTrailingData',
      (base) => withEntries(base, block),
      'ArchiveTrailingData',
    ),
    tarCase(
      'the end before the first blob',
      'ArchiveTrailingData',
      (base) => withEntries(base, endOfArchive),
      'ArchiveTrailingData',
    ),
    tarCase(
      'a first blob without its content',
      ['HeaderNotCanonical', 'BlobChecksumMismatch'],
      (base) => withoutContent(base, firstBlob(base)),
      ['HeaderNotCanonical', 'BlobChecksumMismatch'],
    ),
  ],
};

function padded(tar: Buffer, to: number): Buffer {
  return Buffer.concat([tar, Buffer.alloc(to - (tar.length % to || to))]);
}

/** The header of a member stays, what it announces is left out. */
function withoutContent({ files }: CorpusBase, without: string): Buffer {
  const members = files.map(([path, content]) => {
    const member = fileOf(path, content);
    return path === without ? member.subarray(0, 512) : member;
  });
  return Buffer.concat([...members, endOfArchive]);
}
