import { fileOf, patchHeader } from '../../test/unit/bundle-read/archives.js';
import { hostileEntry, withEntries, withMember } from './corpus-base.js';
import { type CorpusFamily, tarCase } from './corpus-case.js';

const hex = 'f'.repeat(64);
const name = `blobs/sha256/${hex}`;
const inner = fileOf('inner.txt', 'hidden');

/** Types of entries that are no regular file; each stops the reader, since its content is read differently elsewhere. */
const unsafe: readonly (readonly [string, string])[] = [
  ['a hard link', '1'],
  ['a symbolic link', '2'],
  ['a character device', '3'],
  ['a block device', '4'],
  ['a FIFO', '6'],
];
const unknown: readonly (readonly [string, string])[] = [
  ['the type of the oldest tars', '\0'],
  ['a contiguous file', '7'],
  ['a sparse file', 'S'],
  ['an incremental directory', 'D'],
  ['a continuation of another volume', 'M'],
  ['a volume label', 'V'],
  ['a PAX header of Solaris', 'X'],
  ['an extended attribute of Solaris', 'E'],
  ['an unknown type', 'Z'],
];

export const types: CorpusFamily = {
  name: 'types',
  cases: () => [
    ...unsafe.flatMap(([what, type]) => [
      tarCase(
        what,
        'EntryUnsafe',
        (base) => withEntries(base, hostileEntry({ name, type, link: 'oci-layout' })),
        'EntryUnsafe',
      ),
      tarCase(
        `${what} with content`,
        'EntryUnsafe',
        (base) => withEntries(base, hostileEntry({ name, type, content: inner, link: 'oci-layout' })),
        'EntryUnsafe',
      ),
    ]),
    ...unknown.map(([what, type]) =>
      tarCase(
        what,
        'HeaderNotCanonical',
        (base) => withEntries(base, hostileEntry({ name, type })),
        'HeaderNotCanonical',
      ),
    ),
    ...['1', '2'].map((type) =>
      tarCase(
        `a ${type === '1' ? 'hard' : 'symbolic'} link that leads outside`,
        'EntryUnsafe',
        (base) => withEntries(base, hostileEntry({ name, type, link: '../../../etc/passwd' })),
        'EntryUnsafe',
      ),
    ),
    tarCase(
      'a symbolic link, and a file written through it',
      'EntryUnsafe',
      (base) =>
        withEntries(
          base,
          hostileEntry({ name: 'blobs/out', type: '2', link: '/tmp' }),
          hostileEntry({ name: 'blobs/out/x' }),
        ),
      'EntryUnsafe',
    ),
    tarCase('a directory', 'EntryUnsafe', (base) => withEntries(base, hostileEntry({ name: 'blobs/', type: '5' })), []),
    tarCase(
      'a directory that leads outside',
      'EntryUnsafe',
      (base) => withEntries(base, hostileEntry({ name: '../blobs/', type: '5' })),
      'EntryUnsafe',
    ),
    tarCase(
      'a directory with content, which some tools read as headers',
      'EntryUnsafe',
      (base) => withEntries(base, hostileEntry({ name: 'blobs/', type: '5', content: inner })),
      'EntryUnsafe',
    ),
    tarCase(
      'a regular file with the target of a link',
      'HeaderNotCanonical',
      (base) => withMember(base, 'oci-layout', (member) => patchHeader(member, 157, '/etc/passwd')),
      'HeaderNotCanonical',
    ),
    tarCase(
      'a file that is a directory of another',
      'EntryUnsafe',
      (base) => withEntries(base, hostileEntry({ name: 'extra' }), hostileEntry({ name: 'extra/file' })),
      'EntryUnsafe',
    ),
  ],
};
