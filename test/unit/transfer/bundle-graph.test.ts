import { writeFile } from 'node:fs/promises';
import { buildImage, buildIndex } from '@stellaops/oci-referrers/testing';
import { expect, it } from 'vitest';
import { BundleReader } from '../../../src/bundle/bundle-reader.js';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { readBundleRecord } from '../../../src/bundle/read-record.js';
import type { BundleImage, BundleRecord } from '../../../src/bundle/record.js';
import { defaultLimits } from '../../../src/content/limits.js';
import { BundleGraphs } from '../../../src/transfer/bundle-graph.js';
import { bytesOf } from '../bundle-read/bundles.js';
import { MemorySource, temporaryDirectory } from '../bundle-write/helpers.js';

const images = Array.from({ length: 200 }, (_, n) => buildImage({ layers: [Buffer.from(String(n))] }));
const index = buildIndex(images);

async function openBundle(references: readonly string[]): Promise<{ reader: BundleReader; record: BundleRecord }> {
  const writer = new BundleWriter({ compression: 'none' });
  const source = new MemorySource([index]);
  for (const reference of references) writer.add({ source, reference, descriptor: index.descriptor });
  const path = `${await temporaryDirectory()}/bundle.tar`;
  await writeFile(path, await bytesOf(writer));
  const record = await readBundleRecord(path);
  const reader = new BundleReader(path);
  for await (const { path: name } of reader) expect(name).not.toBe('');
  return { reader, record };
}

it('reads what many tags and repositories lead to once', async () => {
  const { reader: opened, record } = await openBundle(['r.example.com/a:1', 'r.example.com/a:2', 'r.example.com/b:1']);
  await using reader = opened;
  const graphs = new BundleGraphs(reader, record, { limits: defaultLimits });
  const [one, two, three] = record.images as [BundleImage, BundleImage, BundleImage];
  const first = await graphs.read(one);
  expect(first.nodes.size).toBe(201);
  expect(await graphs.read(two)).toBe(first);
  const digest = index.descriptor.digest;
  expect((await graphs.read(three)).nodes.get(digest)).toBe(first.nodes.get(digest));
});

it('gives up where thousands of images lead to the same hundreds of manifests', async () => {
  const { reader: opened, record } = await openBundle(['r.example.com/a:1']);
  await using reader = opened;
  const [image] = record.images as [BundleImage];
  const many = Array.from({ length: 5_000 }, (__, n) => ({ ...image, reference: `r.example.com/a${n}:1` }));
  const graphs = new BundleGraphs(reader, { ...record, images: many }, { limits: defaultLimits });
  const reading = async (): Promise<void> => {
    for (const one of many) await graphs.read(one);
  };
  await expect(reading()).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED', limitName: 'steps' });
});
