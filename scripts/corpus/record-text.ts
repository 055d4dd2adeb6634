import type { FindingCode } from '../../src/bundle/finding.js';
import { type CorpusBase, withFiles } from './corpus-base.js';
import { type CorpusCase, type CorpusFamily, tarCase } from './corpus-case.js';

const invalid: readonly FindingCode[] = ['BundleRecordInvalid'];
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

/** Changes to the text of `bundle.json`. */
const texts: readonly (readonly [string, (text: string) => string | Buffer, readonly FindingCode[]])[] = [
  ['no JSON', () => 'hello', invalid],
  ['nothing but white space', () => ' \n', invalid],
  ['a list', () => '[]', invalid],
  ['null', () => 'null', invalid],
  ['a number', () => '1', invalid],
  ['no version', () => '{}', invalid],
  ['a later version', () => '{"schemaVersion":2}', ['VersionUnsupported']],
  ['two values', (text) => `${text}{}`, invalid],
  ['a NUL at its end', (text) => `${text}\0`, invalid],
  ['a byte order mark', (text) => `\ufeff${text}`, invalid],
  ['UTF-16', (text) => Buffer.from(text, 'utf16le'), invalid],
  [
    'bytes that are not UTF-8',
    (text) => Buffer.from(text.replace('another', 'x').replace(/"generator": "/, '$&\u00ff'), 'latin1'),
    invalid,
  ],
  ['comments', (text) => text.replace('{', '{ // a comment\n'), invalid],
  ['a comma at the end of a list', (text) => text.replace(/\n {2}\],/, ',$&'), invalid],
  ['a number that is none', (text) => text.replace('"schemaVersion": 1', '"schemaVersion": NaN'), invalid],
  [
    'the same key twice',
    (text) => text.replace('"schemaVersion": 1', '"schemaVersion": 1, "schemaVersion": 1'),
    invalid,
  ],
  ['the same key twice, once escaped', (text) => text.replace('{', '{ "\\u0073chemaVersion": 1,'), invalid],
  [
    'entries twice, the second without a blob',
    (text) => text.replace(/"entries": \[/, '"entries": [],\n  $&'),
    invalid,
  ],
  ['the same key twice in a map', (text) => text.replace(/"annotations": \{/, '$& "a": "1", "a": "2",'), invalid],
  ['lists 100,000 deep', (text) => text.replace('{', `{ "deep": ${deep},`), invalid],
  ['nothing but lists 100,000 deep', () => deep, invalid],
  ['objects 100,000 deep', () => `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, invalid],
  ['a prototype', (text) => text.replace('{', '{ "__proto__": { "complete": true },'), invalid],
  ['a prototype in place of its version', () => '{"__proto__":{"schemaVersion":1}}', invalid],
  ['a constructor', (text) => text.replace('{', '{ "constructor": { "prototype": { "polluted": true } },'), invalid],
  [
    'a prototype for a path',
    (text) => text.replace(/"path": "[^"]+"/, '"path": "__proto__"'),
    ['BundleRecordInvalid', 'DerivedFileMismatch', 'ReferrerMissing', 'ReferrerUnexpected'],
  ],
  [
    'a prototype for a platform',
    (text) => text.replace('"linux/amd64"', '"__proto__"'),
    ['BundleRecordInvalid', 'DerivedFileMismatch'],
  ],
  [
    'a prototype for an annotation',
    (text) => text.replace(/"annotations": \{/, '$&\n "__proto__": "x",'),
    ['BundleRecordInvalid', 'DerivedFileMismatch', 'OciManifestInvalid'],
  ],
  ['a number in another form', (text) => text.replace('"schemaVersion": 1', '"schemaVersion": 1.0'), invalid],
  ['a number beyond all others', (text) => text.replace(/"size": \d+/, '"size": 1e999'), invalid],
  ['an exponent', (text) => text.replace('"schemaVersion": 1', '"schemaVersion": 1e0'), invalid],
  ['minus zero', (text) => text.replace('"filtered": 0', '"filtered": -0'), invalid],
  [
    'an escape that was not needed',
    (text) => text.replace('registry.example.com', 'registry\\u002eexample.com'),
    invalid,
  ],
  [
    'half a character',
    (text) => text.replace('registry.example.com/team', '\\ud800'),
    ['BundleRecordInvalid', 'DerivedFileMismatch', 'ReferrerRequiredMissing'],
  ],
  ['lines that end as on Windows', (text) => text.replaceAll('\n', '\r\n'), invalid],
  ['no newline at its end', (text) => text.trimEnd(), invalid],
  ['no indentation', (text) => JSON.stringify(JSON.parse(text)), invalid],
  ['fields in another order', (text) => JSON.stringify(reversed(text), null, 2), invalid],
  ['a flood of brackets', () => `[${'[],'.repeat(400_000)}[]]`, ['LimitExceeded']],
  ['a flood of wrong entries', () => `{"schemaVersion":1,"entries":[${'0,'.repeat(400_000)}0]}`, invalid],
  ['a flood of keys', () => `{"schemaVersion":1${floodOfKeys()}}`, ['LimitExceeded']],
];

export const recordText: CorpusFamily = {
  name: 'record-text',
  cases: () => texts.map(([what, change, codes]) => recordCase(what, change, codes)),
};

function recordCase(
  what: string,
  change: (text: string) => string | Buffer,
  codes: readonly FindingCode[],
): CorpusCase {
  const build = (base: CorpusBase): Buffer =>
    withFiles(base, (files) =>
      files.map(([path, content]) => [path, path === 'bundle.json' ? change(content.toString()) : content]),
    );
  return tarCase(`bundle.json has ${what}`, codes, build);
}

function reversed(text: string): object {
  return Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse());
}

function floodOfKeys(): string {
  return Array.from({ length: 50_000 }, (_, at) => `,"k${at}":0`).join('');
}
