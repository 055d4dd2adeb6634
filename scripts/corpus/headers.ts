import { patchHeader } from '../../test/unit/bundle-read/archives.js';
import { type CorpusBase, firstBlob, hostileEntry, withEntries, withMember } from './corpus-base.js';
import { type CorpusCase, type CorpusFamily, tarCase } from './corpus-case.js';

const name = `blobs/sha256/${'f'.repeat(64)}`;

/** Size fields that tools read differently. */
const sizes: readonly (readonly [string, string | Buffer, CorpusCase['codes'], CorpusCase['codes']])[] = [
  ['a size in base-256', base256('800000000000000000000004'), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a negative size in base-256', Buffer.alloc(12, 0xff), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  [
    'a size beyond 2^53 in base-256',
    base256('80ffffffffffffffffffffff'),
    ['HeaderNotCanonical'],
    ['HeaderNotCanonical'],
  ],
  [
    'a size in base-256 that starts with 0x81',
    base256('810000000000000000000004'),
    ['HeaderNotCanonical'],
    ['HeaderNotCanonical'],
  ],
  ['a size that is not octal', '0000000000x\0', ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a size with an 8 in it', '00000000008\0', ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a negative size', '-0000000004\0', ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['no size', Buffer.alloc(12), ['HeaderNotCanonical'], ['HeaderNotCanonical']],
  ['a size larger than the file', '00000777777\0', ['ArchiveTruncated', 'BlobMissing'], ['ArchiveTruncated']],
  ['a size larger than everything the record lists', '77777777777\0', ['LimitExceeded'], ['ArchiveTruncated']],
];

/** Fields that nothing needs: another value is a covert channel, or a file of another tool. */
const fields: readonly (readonly [string, number, string])[] = [
  ['another mode', 100, '0000755'],
  ['a setuid bit', 100, '0004755'],
  ['an owner', 108, '0001750'],
  ['a group', 116, '0001750'],
  ['a time', 136, '14000000000'],
  ['an owner name', 265, 'root'],
  ['a group name', 297, 'root'],
];
const strange: readonly (readonly [string, number, string])[] = [
  ['a device number', 329, '0000001'],
  ['bytes in the unused part', 500, 'hidden'],
  ['another format', 257, 'ustar\x0001'],
  ['no format at all', 257, '\0\0\0\0\0\0\0\0'],
];

export const headers: CorpusFamily = {
  name: 'headers',
  cases: () => [
    ...sizes.map(([what, size, codes, inLayout]) =>
      tarCase(what, codes, (base) => withEntries(base, hostileEntry({ name, content: 'evil', size })), inLayout),
    ),
    ...fields.map(([what, at, value]) => tarCase(what, 'HeaderNotCanonical', patched(at, value), [])),
    ...strange.map(([what, at, value]) =>
      tarCase(what, 'HeaderNotCanonical', patched(at, value), 'HeaderNotCanonical'),
    ),
    tarCase('the format of GNU', 'HeaderNotCanonical', patched(257, 'ustar  \0'), []),
    tarCase('a prefix that was not needed', 'HeaderNotCanonical', splitName, []),
    tarCase(
      'a wrong checksum of a header in the middle',
      'HeaderNotCanonical',
      (base) => withMember(base, firstBlob(base), (member) => set(member, 150, '7')),
      'HeaderNotCanonical',
    ),
    tarCase(
      'a checksum that counts bytes as signed',
      'HeaderNotCanonical',
      (base) => withMember(base, firstBlob(base), signedChecksum),
      'HeaderNotCanonical',
    ),
    tarCase(
      'padding that is not zero',
      'HeaderNotCanonical',
      (base) => withMember(base, 'oci-layout', (member) => set(member, member.length - 1, 'x')),
      'HeaderNotCanonical',
    ),
  ],
};

function base256(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

/** Changes one field of a member that is otherwise right. */
function patched(at: number, value: string): (base: CorpusBase) => Buffer {
  return (base) => withMember(base, 'oci-layout', (member) => patchHeader(member, at, value));
}

function set(bytes: Buffer, at: number, value: string): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(value), bytes.subarray(at + value.length)]);
}

function splitName(base: CorpusBase): Buffer {
  const path = firstBlob(base);
  return withMember(base, path, (member) => {
    const name = Buffer.concat([Buffer.from(path.slice(6)), Buffer.alloc(6)]);
    return patchHeader(patchHeader(member, 0, name), 345, 'blobs');
  });
}

/** Some tools accept a sum over signed bytes; for a header of plain ASCII both sums are the same, so a byte is changed. */
function signedChecksum(member: Buffer): Buffer {
  const bytes = patchHeader(member, 265, Buffer.from([0xe9]));
  const sum = Number.parseInt(bytes.toString('latin1', 148, 154), 8) - 256;
  return set(bytes, 148, `${sum.toString(8).padStart(6, '0')}\0 `);
}
