import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { BundleFile } from '../../../src/bundle/bundle-file.js';
import { BundleReader } from '../../../src/bundle/bundle-reader.js';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { ByteCursor } from '../../../src/bundle/byte-cursor.js';
import { blobPath } from '../../../src/bundle/entry-paths.js';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { appReference, MemorySource, temporaryDirectory } from '../bundle-write/helpers.js';

const MiB = 1024 * 1024;
const layer = randomBytes(3 * MiB);
const image = buildImage({ layers: [layer] });
const digest = image.blobs.find(({ descriptor }) => descriptor.size === layer.length)?.descriptor.digest ?? '';

async function written(compression: 'none' | 'store'): Promise<string> {
  const writer = new BundleWriter({ compression });
  writer.add({ source: new MemorySource([image]), reference: appReference, descriptor: image.descriptor });
  const { path = '' } = await writer.write(`${await temporaryDirectory()}/b.tgz`);
  return path;
}

test.each(['none', 'store'] as const)(
  'content of several reads is valid, and what iterating or reading by place hands out may be kept (%s)',
  async (compression) => {
    const path = await written(compression);
    expect(await new ImportValidator().validate(path)).toMatchObject({ ok: true, compression, findings: [] });
    await using reader = new BundleReader(path);
    let iterated: Buffer[] = [];
    for await (const entry of reader) {
      if (entry.path === blobPath(digest)) iterated = (await entry.stream().toArray()) as Buffer[];
    }
    const byPlace = (await (await reader.readEntry(blobPath(digest))).toArray()) as Buffer[];
    expect(Buffer.concat(iterated).equals(layer)).toBe(true);
    expect(Buffer.concat(byPlace).equals(layer)).toBe(true);
  },
);

test('a file that is read into the same memory again and again gives every chunk as it is when its turn comes', async () => {
  const path = `${await temporaryDirectory()}/file`;
  await writeFile(path, layer);
  await using file = await BundleFile.open(path);
  const memory = new Set<ArrayBufferLike>();
  let at = 0;
  for await (const chunk of file.read(0, undefined, undefined, 'reused')) {
    expect(chunk.equals(layer.subarray(at, at + chunk.length))).toBe(true);
    at += chunk.length;
    memory.add(chunk.buffer);
  }
  expect(at).toBe(layer.length);
  expect(memory.size).toBe(2);
});

test('a header that was taken stays as it is while the memory it came in is used again', async () => {
  async function* twice(): AsyncGenerator<Buffer> {
    const memory = Buffer.from('first|');
    yield memory;
    await Promise.resolve();
    memory.write('other|');
    yield memory;
  }
  const cursor = new ByteCursor(twice());
  const first = await cursor.readExactly(5);
  const across = await cursor.readExactly(4);
  await cursor.readExactly(3);
  expect([first, across].map(String)).toEqual(['first', '|oth']);
});
