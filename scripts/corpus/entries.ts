import { kindOfEntry } from '../../src/bundle/entry-names.js';
import type { FindingCode } from '../../src/bundle/finding.js';
import { fileOf, type TestFile } from '../../test/unit/bundle-read/archives.js';
import { type CorpusBase, withEntries, withFiles } from './corpus-base.js';
import { type CorpusCase, type CorpusFamily, tarCase } from './corpus-case.js';

const hex = 'f'.repeat(64);

/** What is missed when one entry is not there, by what it is. */
const missing = (path: string): readonly FindingCode[] => {
  if (path === 'bundle.json') return ['BundleRecordMissing'];
  const kind = kindOfEntry(path);
  if (kind === 'referrer') return ['ReferrerMissing'];
  return kind === 'blob' ? ['BlobMissing'] : ['EntryMissing'];
};

const changed = (path: string): readonly FindingCode[] => {
  const kind = kindOfEntry(path);
  if (kind === 'referrer') return ['ReferrerChecksumMismatch'];
  if (kind === 'blob') return ['BlobChecksumMismatch'];
  if (kind === 'record') return ['BundleRecordInvalid'];
  return ['manifest-yaml', 'checksums'].includes(kind ?? '') ? ['DerivedFileMismatch'] : ['EntryChecksumMismatch'];
};

/** Cases for each entry of the bundle. */
function entryCases(base: CorpusBase, path: string, at: number): readonly CorpusCase[] {
  const isLast = at === base.files.length - 1;
  return [
    tarCase(`${path} missing`, missing(path), (of) =>
      withFiles(of, (files) => files.filter(([name]) => name !== path)),
    ),
    tarCase(`${path} twice`, 'EntryDuplicate', (of) =>
      withFiles(of, (files) => files.toSpliced(at, 0, files[at] ?? ['', ''])),
    ),
    tarCase(`${path} again at the end`, 'EntryDuplicate', (of) =>
      withFiles(of, (files) => [...files, ...files.filter(([name]) => name === path)]),
    ),
    ...(isLast
      ? []
      : [tarCase(`${path} after the entry it stands before`, orderCodes(path), (of) => withFiles(of, swap(at)))]),
    tarCase(`${path} with one byte changed`, changed(path), (of) => withFiles(of, edit(path, flipByte))),
    tarCase(`${path} one byte longer`, grown(path), (of) =>
      withFiles(
        of,
        edit(path, (bytes) => Buffer.concat([bytes, Buffer.from('\n')])),
      ),
    ),
    tarCase(`${path} empty`, emptied(path), (of) =>
      withFiles(
        of,
        edit(path, () => Buffer.alloc(0)),
      ),
    ),
  ];
}

/** Everything before the record is read before anybody knows what should be there. */
function orderCodes(path: string): readonly FindingCode[] {
  return path === 'bundle.json' ? ['BundleRecordMissing'] : ['EntryOrder'];
}

function grown(path: string): readonly FindingCode[] {
  const kind = kindOfEntry(path);
  if (kind === 'referrer') return ['ReferrerSizeMismatch'];
  return kind === 'blob' ? ['BlobSizeMismatch'] : changed(path);
}

function emptied(path: string): readonly FindingCode[] {
  return grown(path);
}

function swap(at: number): (files: readonly TestFile[]) => readonly TestFile[] {
  return (files) => {
    const [first, second] = files.slice(at, at + 2);
    return first === undefined || second === undefined ? files : files.toSpliced(at, 2, second, first);
  };
}

function edit(path: string, change: (bytes: Buffer) => Buffer): (files: readonly TestFile[]) => readonly TestFile[] {
  return (files) => files.map(([name, content]) => [name, name === path ? change(Buffer.from(content)) : content]);
}

/** Changes a byte in the middle, so that JSON stays JSON where it is a letter or a digit. */
function flipByte(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const at = Math.floor(bytes.length / 2);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

/** Files that may be in a bundle and that this record does not list. */
const added: readonly (readonly [string, string, FindingCode])[] = [
  ['a blob', `blobs/sha256/${hex}`, 'EntryUnexpected'],
  ['a blob of another algorithm', `blobs/sha512/${hex}${hex}`, 'EntryUnexpected'],
  ['a referrer', `referrers/sha256-${hex}/sha256-${hex}.json`, 'ReferrerUnexpected'],
  ['a list of checksums', 'checksums.sha512', 'EntryUnexpected'],
  ['a signature that is none', 'signatures/00.sigstore.json', 'SignatureInvalid'],
];

export const entries: CorpusFamily = {
  name: 'entries',
  cases: (base) => [
    ...base.files.flatMap(([path], at) => entryCases(base, path, at)),
    ...added.map(([what, path, code]) =>
      tarCase(`${what} added`, code, (of) => withFiles(of, (files) => insertInOrder(files, [path, 'evil']))),
    ),
    tarCase('a second bundle.json before the first', ['BundleRecordInvalid'], (of) =>
      withFiles(of, (files) => insertInOrder(files, ['bundle.json', '{}'])),
    ),
    tarCase('a second bundle.json after the first', ['EntryDuplicate'], (of) =>
      withEntries(of, fileOf('bundle.json', '{}')),
    ),
    tarCase('all entries in the order of their names', ['BundleRecordMissing'], (of) =>
      withFiles(of, (files) => files.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    ),
    tarCase('all blobs before the metadata', ['BundleRecordMissing'], (of) =>
      withFiles(of, (files) =>
        files.toSorted(([a], [b]) => Number(b.startsWith('blobs/')) - Number(a.startsWith('blobs/'))),
      ),
    ),
  ],
};

/** Puts a file where its kind stands. */
function insertInOrder(files: readonly TestFile[], file: TestFile): readonly TestFile[] {
  const order = [
    'oci-layout',
    'index',
    'record',
    'manifest-yaml',
    'checksums',
    'signature',
    'table',
    'referrer',
    'blob',
  ];
  const rank = ([path]: TestFile): number => order.indexOf(kindOfEntry(path) ?? '');
  const at = files.findIndex(
    (other) => rank(other) > rank(file) || (rank(other) === rank(file) && other[0] >= file[0]),
  );
  return files.toSpliced(at < 0 ? files.length : at, 0, file);
}
