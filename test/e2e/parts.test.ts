import { createHash } from 'node:crypto';
import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { BundleWriter, exportBundle, importBundle } from '@stellaops/oci-referrers';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { expect, it } from 'vitest';
import { emitPartList, partName } from '../../src/bundle/part-list.js';
import { MemorySource } from '../support/memory-source.js';
import { bytesOf } from '../unit/bundle-read/bundles.js';
import { openStage } from './setup.js';

it.each(['store', 'deflate'] as const)(
  'a bundle in parts (%s) is imported by the path of its list, and builds on another one in parts',
  async (compression) => {
    await using stage = await openStage();
    const options = { resolver: stage.resolver, to: stage.target.host };
    const parts = { compression, partBytes: 2000 };
    const base = await exportBundle(stage.resolver, [stage.reference], { output: stage.path('base.tgz'), ...parts });
    expect(base.parts?.length).toBeGreaterThan(1);
    const built = { output: stage.path('delta.tgz'), base: base.path, ...parts };
    const delta = await exportBundle(stage.resolver, [stage.reference], built);
    expect(delta.previousBundleId).toBe(base.bundleId);
    for (const { path = '' } of [base, delta]) await importBundle(path, options);
    expect((await stage.closureAt(stage.target)).nodes.size).toBe(6);
  },
);

it('a bundle with a damaged part is refused by name before anything is pushed', async () => {
  await using stage = await openStage();
  const output = stage.path('b.tgz');
  const { path = '', parts = [] } = await exportBundle(stage.resolver, [stage.reference], { output, partBytes: 7000 });
  expect((await readdir(stage.path('.'))).sort()).toEqual([...parts.map(({ name }) => name), 'b.tgz.parts.json']);
  await appendFile(stage.path('b.tgz.part002'), 'x');
  const importing = importBundle(path, { resolver: stage.resolver, to: stage.target.host });
  await expect(importing).rejects.toMatchObject({
    code: 'ERR_OCI_BUNDLE_INVALID',
    message: expect.stringContaining('PartSizeMismatch: part b.tgz.part002 is longer') as string,
  });
  expect(stage.target.requests).toEqual([]);
});

it('a bundle of hundreds of images in a thousand parts asks for none of them too often', async () => {
  await using stage = await openStage();
  const image = buildImage({ layers: [Buffer.from('one')] });
  const writer = new BundleWriter({ compression: 'deflate' });
  const source = new MemorySource([image]);
  for (let tag = 0; tag < 300; tag++) {
    writer.add({ source, reference: `registry.example.com/app:${tag}`, descriptor: image.descriptor });
  }
  const whole = await bytesOf(writer);
  const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const step = Math.ceil(whole.length / 1_000);
  const parts = Array.from({ length: Math.ceil(whole.length / step) }, (_, at) => {
    const bytes = whole.subarray(at * step, (at + 1) * step);
    return { name: partName('many.tgz', at + 1, 4), size: bytes.length, sha256: sha256(bytes), bytes };
  });
  for (const { name, bytes } of parts) await writeFile(stage.path(name), bytes);
  const list = { schemaVersion: 1, name: 'many.tgz', size: whole.length, sha256: sha256(whole), parts } as const;
  const path = stage.path('many.tgz.parts.json');
  await writeFile(path, emitPartList(list));
  const { images } = await importBundle(path, { layout: stage.path('layout'), dryRun: true });
  expect(images).toHaveLength(300);
});
