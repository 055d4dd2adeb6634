import { fileOf } from '../../test/unit/bundle-read/archives.js';
import { firstBlob, hostileEntry, withEntries } from './corpus-base.js';
import { type CorpusFamily, tarCase } from './corpus-case.js';

const hex = 'f'.repeat(64);
const content = 'evil';

/** Names nobody may write to, by what they are. */
const unsafe: readonly (readonly [string, string | Buffer])[] = [
  ['a parent directory', '../x'],
  ['a parent directory inside', 'blobs/sha256/../../../x'],
  ['a parent directory with backslashes', '..\\x'],
  ['an absolute path', '/etc/passwd'],
  ['an absolute path with two slashes', '//host/share'],
  ['a drive', 'C:\\Windows\\x'],
  ['a path relative to a drive', 'C:x'],
  ['a device of Windows with a stream', 'blobs/sha256:stream'],
  ['an empty name', ''],
  ['a dot', '.'],
  ['an empty segment', `blobs//sha256/${hex}`],
  ['a regular file with a slash at its end', `blobs/sha256/${hex}/`],
  ['a name with a blank at its end', 'oci-layout '],
  ['a name with a newline', 'oci-layout\n'],
  ['a name that redraws a terminal', '\u001b[2J\u001b[1;1Hok'],
  ['a name outside ASCII, composed', Buffer.from('caf\u00e9.txt')],
  ['a name outside ASCII, decomposed', Buffer.from('cafe\u0301.txt')],
  ['bytes that are not UTF-8', Buffer.from([0xff, 0x2e, 0x74, 0x78, 0x74])],
];

/** Names that are harmless and that no bundle has; an image layout may hold other files. */
const unknown: readonly (readonly [string, string])[] = [
  ['another file', 'README'],
  ['a file in another directory', 'blobs/README'],
  ['a signature file too many', 'signatures/16.sigstore.json'],
];

export const names: CorpusFamily = {
  name: 'names',
  cases: () => [
    ...unsafe.map(([name, path]) =>
      tarCase(name, 'EntryUnsafe', (base) => withEntries(base, hostileEntry({ name: path, content })), 'EntryUnsafe'),
    ),
    ...unknown.map(([name, path]) =>
      tarCase(name, 'EntryUnsafe', (base) => withEntries(base, fileOf(path, content)), []),
    ),
    tarCase(
      'a blob whose name is no digest',
      'EntryUnsafe',
      (base) => withEntries(base, fileOf(`blobs/sha256/${'f'.repeat(63)}`, content)),
      'EntryUnsafe',
    ),
    tarCase(
      'a digest in upper case',
      'EntryUnsafe',
      (base) => withEntries(base, fileOf(`blobs/sha256/${hex.toUpperCase()}`, content)),
      'EntryUnsafe',
    ),
    tarCase(
      'the same file behind a dot and a slash',
      'EntryUnsafe',
      (base) => withEntries(base, fileOf('./oci-layout', content)),
      'EntryDuplicate',
    ),
    tarCase(
      'the same file in another case',
      'EntryUnsafe',
      (base) => withEntries(base, fileOf('OCI-LAYOUT', content)),
      'EntryDuplicate',
    ),
    tarCase(
      'two names of one character outside ASCII',
      'EntryUnsafe',
      (base) =>
        withEntries(
          base,
          hostileEntry({ name: Buffer.from('\u00e9'), content }),
          hostileEntry({ name: Buffer.from('e\u0301'), content }),
        ),
      'EntryUnsafe',
    ),
    tarCase(
      'two names that decode to the same replacement character',
      'EntryUnsafe',
      (base) =>
        withEntries(
          base,
          hostileEntry({ name: Buffer.from([0xff]), content }),
          hostileEntry({ name: Buffer.from([0xfe]), content }),
        ),
      'EntryUnsafe',
    ),
    tarCase(
      'a name that goes on after its NUL',
      ['HeaderNotCanonical', 'EntryDuplicate', 'BlobSizeMismatch'],
      (base) => withEntries(base, hostileEntry({ name: `${firstBlob(base)}\0../evil`, content })),
      'HeaderNotCanonical',
    ),
  ],
};
