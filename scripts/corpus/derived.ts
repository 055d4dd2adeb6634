import { forged } from '../../test/unit/bundle-read/forge.js';
import { withFiles } from './corpus-base.js';
import { type CorpusCase, type CorpusFamily, tarCase } from './corpus-case.js';

type Change = (text: string) => string;

const linesReversed: Change = (text) => `${text.trimEnd().split('\n').reverse().join('\n')}\n`;

/** Files that people and other programs read: nothing in them may differ from what the record says. */
const manifest: readonly (readonly [string, Change])[] = [
  ['another digest', (text) => text.replace(/sha256:[a-f0-9]{4}/, 'sha256:0000')],
  ['a comment', (text) => `# checked\n${text}`],
  ['a second document', (text) => `${text}---\n${text}`],
  ['an alias bomb', (text) => `a: &a [x, x]\nb: [*a, *a]\n${text}`],
  ['a key twice', (text) => `complete: false\n${text}`],
  ['lines in another order', linesReversed],
  ['lines that end as on Windows', (text) => text.replaceAll('\n', '\r\n')],
  ['a blank at the end of a line', (text) => text.replace('\n', ' \n')],
  ['tabs', (text) => text.replace('  ', '\t')],
  ['no newline at its end', (text) => text.trimEnd()],
  ['a second newline at its end', (text) => `${text}\n`],
];
const checksums: readonly (readonly [string, Change])[] = [
  ['another sum', (text) => text.replace(/^[a-f0-9]{4}/, '0000')],
  ['another path', (text) => text.replace('oci-layout', '/etc/passwd')],
  ['a line less', (text) => text.slice(text.indexOf('\n') + 1)],
  ['a line more', (text) => `${text}${'0'.repeat(64)}  ../x\n`],
  ['a line twice', (text) => `${text}${text.slice(0, text.indexOf('\n') + 1)}`],
  ['lines in another order', linesReversed],
  ['the mark of binary files', (text) => text.replace('  ', ' *')],
  ['sums in upper case', (text) => text.replace(/^[a-f0-9]{64}/, (sum) => sum.toUpperCase())],
  ['a comment', (text) => `# checked\n${text}`],
];
/** Files that the record lists: whoever changes them gives their new digest there. */
const listed: readonly (readonly [string, string, Change])[] = [
  ['oci-layout', 'another version', (text) => text.replace('1.0.0', '1.1.0')],
  ['oci-layout', 'another field', (text) => text.replace('{', '{"x":1,')],
  ['oci-layout', 'nothing', () => ''],
  ['index.json', 'another tag for its image', (text) => text.replace('"1.2"', '"9.9"')],
  ['index.json', 'no entries', () => '{"schemaVersion":2,"manifests":[]}'],
  ['index.json', 'another image under its tag', (text) => swapDigests(text)],
  ['index.json', 'an entry more', (text) => text.replace('"manifests":[', `"manifests":[${JSON.stringify(stray)},`)],
  ['index.json', 'no JSON', () => 'hello'],
  ['indexes/referrers.index.json', 'no entries', () => '{}'],
  ['indexes/referrers.index.json', 'another path', (text) => text.replaceAll('referrers/', '../')],
  ['indexes/attestations.index.json', 'another form', (text) => ` ${text}`],
];
const stray = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${'0'.repeat(64)}`, size: 2 };

export const derived: CorpusFamily = {
  name: 'derived',
  cases: () => [
    ...manifest.map(([what, change]) => plainCase('manifest.yaml', what, change)),
    ...checksums.map(([what, change]) => plainCase('checksums.sha256', what, change)),
    ...listed.map(([path, what, change]) =>
      tarCase(`${path} has ${what}, and the record agrees`, 'DerivedFileMismatch', ({ tar, files }) => {
        const text = files.find(([name]) => name === path)?.[1].toString() ?? '';
        return forged(tar, ({ replaced }) => replaced.set(path, Buffer.from(change(text))));
      }),
    ),
  ],
};

function plainCase(path: string, what: string, change: Change): CorpusCase {
  return tarCase(`${path} has ${what}`, 'DerivedFileMismatch', (base) =>
    withFiles(base, (files) =>
      files.map(([name, content]) => [name, name === path ? changed(content.toString(), change) : content]),
    ),
  );
}

/** A change that changes nothing would make a case that tests nothing. */
function changed(text: string, change: Change): string {
  const other = change(text);
  if (other === text) throw new Error('the change of this case has no effect');
  return other;
}

function swapDigests(text: string): string {
  const [first = '', second = ''] = [...text.matchAll(/sha256:[a-f0-9]{64}/g)].map(([digest]) => digest);
  return text.replace(first, '#').replace(second, first).replace('#', second);
}
