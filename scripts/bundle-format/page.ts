import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { statementOf } from '../../src/bundle/signing/statement.js';
import { type ExampleBundle, type ExampleEntry, signExample, writeExample } from './example.js';
import { renderFindings } from './finding-table.js';

/** Where the page is kept. */
export const pagePath = 'docs/bundle-format.md';
const findingSource = 'src/bundle/finding.ts';
const blockSize = 512;

/** Writes the generated blocks into the page as it stands; the words around them are kept by hand. */
export async function renderPage(root: URL): Promise<string> {
  const example = await writeExample();
  const blocks: readonly (readonly [string, string])[] = [
    ['findings', renderFindings(await readFile(new URL(findingSource, root), 'utf8'))],
    ['content', renderContent(example)],
    ['record', fileBlock(example, 'bundle.json', 'json')],
    ['lines', codeBlock('text', renderLines(example))],
    ['manifest', fileBlock(example, 'manifest.yaml', 'yaml')],
    ['checksums', fileBlock(example, 'checksums.sha256', 'text')],
    ['index', fileBlock(example, 'index.json', 'json')],
    ['referrers', fileBlock(example, 'indexes/referrers.index.json', 'json')],
    ['attestations', fileBlock(example, 'indexes/attestations.index.json', 'json')],
    ['payload', codeBlock('json', statementOf(example.record).toString())],
    ['signature', codeBlock('json', signExample(example.record).toString())],
    ['entries', renderEntries(example)],
    ['frame', renderFrame(example)],
  ];
  let page = await readFile(new URL(pagePath, root), 'utf8');
  for (const [name, text] of blocks) page = replaceBlock(page, name, text);
  return page;
}

function replaceBlock(page: string, name: string, text: string): string {
  const begin = `<!-- begin ${name}: written by npm run docs:bundle-format -->`;
  const end = `<!-- end ${name} -->`;
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${pagePath} has lost its markers of ${name}`);
  return `${before}${begin}\n\n${text}\n\n${end}${after}`;
}

/** The content of blobs that are not manifests made for the bundle, as text: all of the example's is. */
function renderContent({ entries }: ExampleBundle): string {
  const blobs = entries.filter(({ path }) => path.startsWith('blobs/'));
  return blobs.map(({ path, bytes }) => `\`${path}\`\n\n${codeBlock('text', bytes.toString())}`).join('\n\n');
}

function fileBlock({ entries }: ExampleBundle, path: string, language: string): string {
  return codeBlock(language, entryAt(entries, path).bytes.toString());
}

function renderLines({ record }: ExampleBundle): string {
  const lines = record.entries.map(({ path, size, digest, mediaType = '-' }) => {
    return `entry ${path} ${size} ${digest} ${mediaType}\n`;
  });
  return lines.join('');
}

function renderEntries({ entries }: ExampleBundle): string {
  let header = 0;
  const rows = entries.map(({ path, offset, bytes }) => {
    const row = `| ${header} | ${offset} | ${bytes.length} | \`${path}\` |`;
    header = offset + Math.ceil(bytes.length / blockSize) * blockSize;
    return row;
  });
  const end = `| ${header} | | ${2 * blockSize} | the two zero blocks |`;
  return ['| header at | content at | bytes | entry |', '| ---: | ---: | ---: | --- |', ...rows, end].join('\n');
}

function renderFrame({ plain, stored, entries }: ExampleBundle): string {
  const first = plain.subarray(0, blockSize);
  const long = entryAt(entries, entries.find(({ path }) => path.length > 100)?.path ?? '');
  const longHeader = plain.subarray(long.offset - blockSize, long.offset);
  return [
    'The header of the first entry, `oci-layout`:',
    codeBlock('text', hexDump(first)),
    `The header of the first entry whose name is split, \`${long.path}\`:`,
    codeBlock('text', hexDump(longHeader)),
    'The first 16 bytes of the `store` form (gzip header, header of the first block, first byte of the tar) and its last 8:',
    codeBlock('text', `${pairs(stored.subarray(0, 16))}\n${pairs(stored.subarray(-8))}\n`),
    '| form | bytes | sha256 |',
    '| --- | ---: | --- |',
    `| \`none\` | ${plain.length} | \`${sha256(plain)}\` |`,
    `| \`store\` | ${stored.length} | \`${sha256(stored)}\` |`,
  ]
    .join('\n\n')
    .replaceAll(/(\|)\n\n(\|)/g, '$1\n$2');
}

function entryAt(entries: readonly ExampleEntry[], path: string): ExampleEntry {
  const entry = entries.find((one) => one.path === path);
  if (entry === undefined) throw new Error(`the example has no ${path}`);
  return entry;
}

/** A text that does not end with a newline is shown like one that does; the page says which ones those are. */
function codeBlock(language: string, text: string): string {
  return `\`\`\`${language}\n${text.endsWith('\n') ? text : `${text}\n`}\`\`\``;
}

/** Lines of 16 bytes; those of zeros alone are left out. */
function hexDump(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.subarray(at, at + 16);
    if (part.every((byte) => byte === 0)) continue;
    const shown = part.toString('latin1').replaceAll(/[^ -~]/g, '.');
    lines.push(`${String(at).padStart(3, '0')}  ${pairs(part)}  ${shown}`);
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function pairs(bytes: Buffer): string {
  return bytes.toString('hex').replaceAll(/..(?=.)/g, '$& ');
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
