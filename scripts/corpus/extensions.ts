import { fileOf } from '../../test/unit/bundle-read/archives.js';
import { extensionHeader, firstBlob, hostileEntry, paxRecord, withEntries, withMember } from './corpus-base.js';
import { type CorpusCase, type CorpusFamily, tarCase } from './corpus-case.js';

const name = `blobs/sha256/${'f'.repeat(64)}`;
const victim = hostileEntry({ name, content: 'evil' });
const tooLong = 8 ** 11 - 1;

/** PAX records in front of a file; the reader stops there, since tools disagree about what follows. */
const records: readonly (readonly [string, string | Buffer, CorpusCase['codes'], CorpusCase['codes']])[] = [
  ['a PAX path that leads outside', paxRecord('path', '../evil'), ['EntryUnsafe'], ['EntryUnsafe']],
  ['a PAX path of another file', paxRecord('path', 'oci-layout'), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a PAX path with a NUL', paxRecord('path', `${name}\0../evil`), ['HeaderNotCanonical'], ['EntryUnsafe']],
  ['a PAX path that was not needed', paxRecord('path', name), ['HeaderNotCanonical'], ['BlobChecksumMismatch']],
  ['a PAX size that differs', paxRecord('size', '512'), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a negative PAX size', paxRecord('size', '-1'), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a PAX size that is no number', paxRecord('size', 'NaN'), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a PAX size beyond 2^53', paxRecord('size', '99999999999999999999'), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a PAX record that is longer than it says', `9 path=${name}\n`, ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a PAX record that is shorter than it says', `999 path=${name}\n`, ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a PAX record without its newline', '10 path=ab', ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a PAX record without a length', `path=${name}\n`, ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  [
    'a PAX record twice',
    paxRecord('mtime', '1') + paxRecord('mtime', '2'),
    ['HeaderNotCanonical'],
    ['HeaderNotCanonical'],
  ],
  ['a PAX time', paxRecord('mtime', '1234567890.5'), ['HeaderNotCanonical'], ['BlobChecksumMismatch']],
  ['a PAX link target', paxRecord('linkpath', '/etc/passwd'), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a PAX record nobody knows', paxRecord('VENDOR.key', 'value'), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  [
    'a sparse map of GNU 1.0',
    paxRecord('GNU.sparse.major', '1') + paxRecord('GNU.sparse.name', name),
    ['HeaderNotCanonical'],
    ['HeaderNotCanonical'],
  ],
  ['a sparse map of GNU 0.1', paxRecord('GNU.sparse.map', '0,4'), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['an empty PAX header', '', ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  [
    'bytes outside UTF-8 in a PAX path',
    Buffer.from('11 path=\xff\xfe\n', 'latin1'),
    ['HeaderNotCanonical'],
    ['HeaderNotCanonical'],
  ],
];

export const extensions: CorpusFamily = {
  name: 'extensions',
  cases: () => [
    ...records.map(([what, content, codes, inLayout]) =>
      tarCase(what, codes, (base) => withEntries(base, extensionHeader(content), victim), inLayout),
    ),
    ...[
      ['a global PAX header with a path', 'g', paxRecord('path', 'oci-layout')],
      ['a global PAX header with a comment', 'g', paxRecord('comment', 'harmless')],
      ['a long name of GNU', 'L', `${name}\0`],
      ['a long name of GNU that leads outside', 'L', '../evil\0'],
      ['a long link of GNU', 'K', '/etc/passwd\0'],
    ].map(([what = '', type = '', content = '']) =>
      tarCase(
        what,
        'HeaderNotCanonical',
        (base) => withEntries(base, extensionHeader(content, type), victim),
        'HeaderNotCanonical',
      ),
    ),
    ...['x', 'g', 'L', 'K'].map((type) =>
      tarCase(
        `a header of type ${type} that claims 8 GiB`,
        'HeaderNotCanonical',
        (base) => withEntries(base, extensionHeader(paxRecord('path', name), type, tooLong), victim),
        'HeaderNotCanonical',
      ),
    ),
    tarCase(
      'a PAX header before a long name of GNU',
      'HeaderNotCanonical',
      (base) => withEntries(base, extensionHeader(paxRecord('size', '4')), extensionHeader(`${name}\0`, 'L'), victim),
      'HeaderNotCanonical',
    ),
    tarCase(
      'a PAX header before a PAX header',
      'HeaderNotCanonical',
      (base) =>
        withEntries(base, extensionHeader(paxRecord('mtime', '1')), extensionHeader(paxRecord('mtime', '2')), victim),
      'HeaderNotCanonical',
    ),
    tarCase(
      'a PAX size that hides the next entry',
      'HeaderNotCanonical',
      (base) =>
        withMember(base, firstBlob(base), (member) => {
          const hidden = fileOf('inner.txt', 'hidden');
          const { length } = Buffer.concat([member, hidden]);
          return Buffer.concat([extensionHeader(paxRecord('size', String(length - 512))), member, hidden]);
        }),
      'HeaderNotCanonical',
    ),
  ],
};
