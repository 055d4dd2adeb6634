import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { type BundleReport, type BundleWriteOptions, BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { writeOutputParts } from '../../../src/bundle/output-parts.js';
import type { PartList } from '../../../src/bundle/part-list.js';
import { appReference, type Interceptor, MemorySource, run, temporaryDirectory } from './helpers.js';

const image = buildImage({ layers: [Buffer.alloc(90_000, 'layer'), Buffer.alloc(40_000, 'other')] });

async function write(path: string, options: BundleWriteOptions = {}, intercept?: Interceptor): Promise<BundleReport> {
  const writer = new BundleWriter({ maxPrefetchBytes: 1000 });
  writer.add({ source: new MemorySource([image], intercept), reference: appReference, descriptor: image.descriptor });
  return await writer.write(path, options);
}

const broken: Interceptor = ({ size }) =>
  size === 90_000
    ? new Readable({
        read() {
          this.push(Buffer.alloc(80_000, 'layer'));
          this.destroy(new Error('the line is dead'));
        },
      })
    : undefined;

test('parts put together are the bundle in one piece, and the list has their sizes and sums', async () => {
  const directory = await temporaryDirectory();
  const whole = await write(`${directory}/whole.tgz`);
  const report = await write(`${directory}/b.tgz`, { partBytes: 50_000 });
  expect(report).toMatchObject({ path: `${directory}/b.tgz.parts.json`, bytes: whole.bytes, sha256: whole.sha256 });
  const list = JSON.parse(await readFile(`${directory}/b.tgz.parts.json`, 'utf8')) as PartList;
  expect(list).toEqual({
    schemaVersion: 1,
    name: 'b.tgz',
    size: whole.bytes,
    sha256: whole.sha256,
    parts: report.parts,
  });
  expect(list.parts.map(({ name }) => name)).toEqual(['b.tgz.part001', 'b.tgz.part002', 'b.tgz.part003']);
  expect(list.parts.slice(0, 2).map(({ size }) => size)).toEqual([50_000, 50_000]);
  for (const { name, sha256 } of list.parts) {
    expect(
      createHash('sha256')
        .update(await readFile(`${directory}/${name}`))
        .digest('hex'),
    ).toBe(sha256);
  }
  const together = await run('sh', ['-c', 'cat b.tgz.part[0-9]* | sha256sum'], directory);
  expect(together.slice(0, 64)).toBe(whole.sha256);
});

test('a bundle that fits has one part, and one that may take a thousand has four digits', async () => {
  const directory = await temporaryDirectory();
  expect((await write(`${directory}/one.tgz`, { partBytes: 1_000_000 })).parts).toHaveLength(1);
  const bytes = Buffer.alloc(25, 'x');
  const options = { partBytes: 10, expectedBytes: 10_000, isForced: false };
  const { parts } = await writeOutputParts(`${directory}/many.tgz`, options, async (sink) => {
    await pipeline(Readable.from([bytes]), sink);
    return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  expect(parts.map(({ name, size }) => [name, size])).toEqual([
    ['many.tgz.part0001', 10],
    ['many.tgz.part0002', 10],
    ['many.tgz.part0003', 5],
  ]);
});

test('stale parts of a longer bundle, of a killed run, and its part files are removed; nothing else is', async () => {
  const directory = await temporaryDirectory();
  const path = `${directory}/b.tgz`;
  await write(path, { partBytes: 20_000 });
  for (const name of ['b.tgz.part0001', '.b.tgz.part001.00000000-1-a-00000000.part'])
    await writeFile(`${directory}/${name}`, '');
  for (const name of ['b.tgz.part1', 'b.tgz.part001.txt', 'c.tgz.part001'])
    await writeFile(`${directory}/${name}`, 'mine');
  await utimes(`${directory}/.b.tgz.part001.00000000-1-a-00000000.part`, 0, 0);
  await expect(write(path, { partBytes: 100_000 })).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT' });
  await write(path, { partBytes: 100_000, force: true });
  expect((await readdir(directory)).sort()).toEqual(
    ['b.tgz.part001', 'b.tgz.part001.txt', 'b.tgz.part002', 'b.tgz.part1', 'b.tgz.parts.json', 'c.tgz.part001'].sort(),
  );
});

test('a source that breaks off leaves neither parts nor a list, and the list of an earlier bundle is gone with its parts', async () => {
  const directory = await temporaryDirectory();
  const path = `${directory}/b.tgz`;
  await expect(write(path, { partBytes: 10_000 }, broken)).rejects.toThrow('the line is dead');
  expect(await readdir(directory)).toEqual([]);
  await write(path, { partBytes: 10_000 });
  await expect(write(path, { partBytes: 10_000, force: true }, broken)).rejects.toThrow('the line is dead');
  expect(await readdir(directory)).toEqual([]);
});

test('a bundle in one piece of the same name is refused, and replaced with force', async () => {
  const directory = await temporaryDirectory();
  const path = `${directory}/b.tgz`;
  await write(path);
  await expect(write(path, { partBytes: 100_000 })).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT', path });
  expect(await readdir(directory)).toEqual(['b.tgz']);
  await write(path, { partBytes: 100_000, force: true });
  expect((await readdir(directory)).sort()).toEqual(['b.tgz.part001', 'b.tgz.part002', 'b.tgz.parts.json']);
});

test('a part that cannot be written ends the export with a typed error, and nothing is left', async () => {
  const directory = await temporaryDirectory();
  await mkdir(`${directory}/b.tgz.part002`);
  const writing = write(`${directory}/b.tgz`, { partBytes: 50_000 });
  await expect(writing).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT', path: `${directory}/b.tgz.part002` });
  expect(await readdir(directory)).toEqual(['b.tgz.part002']);
});

test('too many parts, a stream, and a name that leaves no room are refused before anything is fetched', async () => {
  const directory = await temporaryDirectory();
  const refused = { code: 'ERR_OCI_INVALID_OPTION', argument: 'partBytes' };
  await expect(write(`${directory}/b.tgz`, { partBytes: 10 })).rejects.toMatchObject(refused);
  await expect(write(`${directory}/${'b'.repeat(210)}.tgz`, { partBytes: 1e6 })).rejects.toMatchObject(refused);
  await expect(write(`${directory}/b.tgz`, { partBytes: 0 })).rejects.toMatchObject(refused);
  const writer = new BundleWriter();
  writer.add({ source: new MemorySource([image]), reference: appReference, descriptor: image.descriptor });
  await expect(writer.write(new PassThrough(), { partBytes: 100_000 })).rejects.toMatchObject(refused);
  expect(await readdir(directory)).toEqual([]);
});
