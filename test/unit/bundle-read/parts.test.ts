import { appendFile, copyFile, mkdir, readFile, rename, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { BundleReader } from '../../../src/bundle/bundle-reader.js';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { WriterCompression } from '../../../src/bundle/bundle-writer-options.js';
import { blobPath } from '../../../src/bundle/entry-paths.js';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { emitPartList, type PartList } from '../../../src/bundle/part-list.js';
import { readBundleRecord } from '../../../src/bundle/read-record.js';
import type { ValidationReport } from '../../../src/bundle/validation-report.js';
import { appReference, MemorySource, temporaryDirectory } from '../bundle-write/helpers.js';

const layer = Buffer.alloc(90_000, 'layer');
const image = buildImage({ layers: [layer] });
const part = (path: string, number: number): string => path.replace('.parts.json', `.part00${number}`);

/** Writes the bundle in parts of 30,000 bytes; gives the path of the list. */
async function inParts(compression: WriterCompression = 'store', partBytes = 30_000): Promise<string> {
  const writer = new BundleWriter({ compression });
  writer.add({ source: new MemorySource([image]), reference: appReference, descriptor: image.descriptor });
  const { path } = await writer.write(`${await temporaryDirectory()}/b.tgz`, { partBytes });
  return path ?? '';
}

async function validate(path: string): Promise<ValidationReport> {
  return await new ImportValidator({ strict: true }).validate(path);
}

async function editList(
  path: string,
  edit: (list: { -readonly [Key in keyof PartList]: PartList[Key] }) => void,
): Promise<void> {
  const list = JSON.parse(await readFile(path, 'utf8')) as PartList;
  edit(list);
  await writeFile(path, emitPartList(list));
}

test.each<[WriterCompression, number]>([
  ['store', 30_000],
  ['none', 30_000],
  ['deflate', 1000],
  ['store', 777],
])(
  'a bundle (%s) in parts of %i bytes is valid, and its record is read, by the path of the list',
  async (compression, partBytes) => {
    const path = await inParts(compression, partBytes);
    expect(await validate(path)).toMatchObject({ ok: true, findings: [], compression });
    expect((await readBundleRecord(path)).images[0]?.digest).toBe(image.descriptor.digest);
  },
);

test('an entry that lies across parts is read by its place, and not after any of those parts was changed', async () => {
  const path = await inParts();
  await using reader = new BundleReader(path);
  for await (const entry of reader) expect(entry.size).toBeGreaterThanOrEqual(0);
  const digest = image.blobs.find(({ descriptor }) => descriptor.size === layer.length)?.descriptor.digest ?? '';
  const read = async (): Promise<Buffer> =>
    Buffer.concat((await (await reader.readEntry(blobPath(digest))).toArray()) as Buffer[]);
  expect((await read()).equals(layer)).toBe(true);
  await reader.assertUnchanged();
  await appendFile(part(path, 3), 'x');
  await expect(read()).rejects.toMatchObject({
    code: 'ERR_OCI_BUNDLE_CHANGED',
    message: expect.stringContaining('b.tgz.part003') as string,
  });
  await expect(reader.assertUnchanged()).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_CHANGED' });
});

test.each<[string, string, number, (path: string) => Promise<unknown>]>([
  ['missing', 'PartMissing', 2, (path) => unlink(part(path, 2))],
  ['short', 'PartSizeMismatch', 2, (path) => truncate(part(path, 2), 29_999)],
  ['empty', 'PartSizeMismatch', 1, (path) => truncate(part(path, 1), 0)],
  ['long', 'PartSizeMismatch', 3, (path) => appendFile(part(path, 3), 'x')],
  [
    'a link',
    'PartsInvalid',
    2,
    async (path) => {
      await rename(part(path, 2), `${path}.moved`);
      await symlink(`${path}.moved`, part(path, 2));
    },
  ],
  [
    'a directory',
    'PartsInvalid',
    2,
    async (path) => {
      await unlink(part(path, 2));
      await mkdir(part(path, 2));
    },
  ],
  ['damaged in the middle of a layer', 'PartChecksumMismatch', 2, (path) => flip(part(path, 2), 15_000)],
  ['damaged where the record is', 'PartChecksumMismatch', 1, (path) => flip(part(path, 1), 4000)],
  ['damaged in its first byte', 'PartChecksumMismatch', 1, (path) => flip(part(path, 1), 0)],
  [
    'that of another bundle',
    'PartChecksumMismatch',
    2,
    (path) => writeFile(part(path, 2), Buffer.alloc(30_000, 'other')),
  ],
])('a part that is %s is %s, and named', async (_what, code, number, damage) => {
  const path = await inParts();
  await damage(path);
  const report = await validate(path);
  expect(report.ok).toBe(false);
  const finding = report.findings.find((one) => one.code.startsWith('Part'));
  expect(finding).toMatchObject({ code, path: `b.tgz.part00${number}` });
  expect(report.findings.filter((one) => one.code.startsWith('Part'))).toHaveLength(1);
});

test('parts that were swapped are both named, and so is every part that is missing', async () => {
  const swapped = await inParts();
  await rename(part(swapped, 2), `${swapped}.x`);
  await rename(part(swapped, 3), part(swapped, 2));
  await rename(`${swapped}.x`, part(swapped, 3));
  const named = (report: ValidationReport): unknown =>
    report.findings.flatMap(({ code, path }) => (code.startsWith('Part') ? [[code, path]] : []));
  expect(named(await validate(swapped))).toEqual([
    ['PartChecksumMismatch', 'b.tgz.part002'],
    ['PartChecksumMismatch', 'b.tgz.part003'],
  ]);
  const missing = await inParts();
  for (const number of [1, 3]) await unlink(part(missing, number));
  expect(named(await validate(missing))).toEqual([
    ['PartMissing', 'b.tgz.part001'],
    ['PartMissing', 'b.tgz.part003'],
  ]);
});

test.each<[string, (path: string) => Promise<unknown>]>([
  [
    'has a path in the name of a part',
    (path) =>
      editList(path, (list) => {
        list.parts = list.parts.map((one) => ({ ...one, name: `../${one.name}` }));
      }),
  ],
  [
    'has a path in the name of the bundle',
    (path) =>
      editList(path, (list) => {
        list.name = '../b.tgz';
        list.parts = list.parts.map((one) => ({ ...one, name: `../${one.name}` }));
      }),
  ],
  [
    'names a part twice',
    (path) =>
      editList(path, (list) => {
        list.parts = list.parts.map((one, index) => ({ ...one, name: list.parts[Math.min(index, 2)]?.name ?? '' }));
      }),
  ],
  [
    'has another order',
    (path) =>
      editList(path, (list) => {
        list.parts = [...list.parts].reverse();
      }),
  ],
  [
    'lies about the whole size',
    (path) =>
      editList(path, (list) => {
        list.size += 1;
      }),
  ],
  [
    'lies about the sum of all',
    (path) =>
      editList(path, (list) => {
        list.sha256 = '0'.repeat(64);
      }),
  ],
  [
    'has no part',
    (path) =>
      editList(path, (list) => {
        list.parts = [];
      }),
  ],
  [
    'has a million parts',
    (path) =>
      writeFile(
        path,
        `{"schemaVersion":1,"name":"b","size":1,"sha256":"${'0'.repeat(64)}","parts":[${'{},'.repeat(999_999)}{}]}`,
      ),
  ],
  ['is larger than any list', (path) => writeFile(path, ' '.repeat(4 * 1024 * 1024 + 1))],
  ['is no JSON', (path) => writeFile(path, '{')],
  [
    'has a duplicate key',
    async (path) => {
      await writeFile(path, (await readFile(path, 'utf8')).replace('{', '{"name":"x",'));
    },
  ],
  [
    'is written otherwise',
    async (path) => {
      await writeFile(path, JSON.stringify(JSON.parse(await readFile(path, 'utf8'))));
    },
  ],
])('a list that %s is PartsInvalid', async (_what, damage) => {
  const path = await inParts();
  await damage(path);
  const report = await validate(path);
  expect(report.ok).toBe(false);
  expect(report.findings.map(({ code }) => code)).toContain('PartsInvalid');
});

test('sizes that lie but add up are found: the parts have others', async () => {
  const path = await inParts();
  await editList(path, (list) => {
    const [first, second, ...rest] = list.parts;
    if (first === undefined || second === undefined) throw new Error('too few parts');
    list.parts = [{ ...first, size: first.size + 1 }, { ...second, size: second.size - 1 }, ...rest];
  });
  expect((await validate(path)).findings.map(({ code }) => code)).toEqual(['PartSizeMismatch', 'PartSizeMismatch']);
});

test('where only parts are, the path of the bundle leads to the list', async () => {
  const path = await inParts();
  const whole = path.replace('.parts.json', '');
  const hint = expect.stringContaining(path) as string;
  await expect(new ImportValidator().validate(whole)).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_SOURCE', hint });
  await expect(new ImportValidator().validate(`${path}x.parts.json`)).rejects.toMatchObject({
    code: 'ERR_OCI_BUNDLE_SOURCE',
  });
  await copyFile(part(path, 1), whole);
  expect((await validate(whole)).findings.map(({ code }) => code)).toContain('ArchiveTruncated');
});

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}
