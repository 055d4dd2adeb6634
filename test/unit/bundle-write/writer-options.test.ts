import { expect, onTestFinished, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleWriterOptions } from '../../../src/bundle/bundle-writer-options.js';
import { appReference, MemorySource, run, sbomType, signedApp, temporaryDirectory } from './helpers.js';

const { image, sbom, all } = signedApp();

test('the time of a bundle is the caller’s, else SOURCE_DATE_EPOCH, else none', async () => {
  const timeOf = async (options?: BundleWriterOptions): Promise<unknown> => {
    const directory = await temporaryDirectory();
    const source = new MemorySource(all);
    const writer = new BundleWriter(options).add({ source, reference: appReference, descriptor: image.descriptor });
    await writer.write(`${directory}/b.tar`);
    return (JSON.parse(await run('tar', ['-xOf', 'b.tar', 'bundle.json'], directory)) as { createdAt?: string })
      .createdAt;
  };
  const before = process.env['SOURCE_DATE_EPOCH'];
  onTestFinished(() => {
    if (before === undefined) delete process.env['SOURCE_DATE_EPOCH'];
    else process.env['SOURCE_DATE_EPOCH'] = before;
  });
  delete process.env['SOURCE_DATE_EPOCH'];
  expect(await timeOf()).toBeUndefined();
  process.env['SOURCE_DATE_EPOCH'] = '1769508000';
  expect(await timeOf()).toBe('2026-01-27T10:00:00Z');
  expect(await timeOf({ createdAt: '2026-02-01T00:00:00Z' })).toBe('2026-02-01T00:00:00Z');
  process.env['SOURCE_DATE_EPOCH'] = 'yesterday';
  await expect(timeOf()).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'SOURCE_DATE_EPOCH' });
});

test.each<[string, object]>([
  ['typo', { typo: true }],
  ['concurrency', { concurrency: 65 }],
  ['maxPrefetchBytes', { maxPrefetchBytes: 0 }],
  ['limits.maxPages', { limits: { maxPages: 0 } }],
  ['compression', { compression: 'zstd' }],
  ['createdAt', { createdAt: 'now' }],
  ['categories.0', { categories: ['sboms'] }],
  ['artifactTypes.0', { artifactTypes: [''] }],
  ['requireReferrers.0.min', { requireReferrers: [{ artifactType: sbomType, min: 0 }] }],
  ['limits.typo', { limits: { typo: 1 } }],
  ['requireReferrers', { requireReferrers: [1, 2].map((min) => ({ artifactType: sbomType, min })) }],
  ['requireReferrers', { requireReferrers: [{ artifactType: sbomType, min: 1 }], excludeArtifactTypes: [sbomType] }],
])('a writer refuses the option %s when it cannot work', (name, options) => {
  expect(() => new BundleWriter(options)).toThrow(
    expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION', message: expect.stringContaining(name) as string }),
  );
});

test('writing refuses options that it does not have, before it does anything', async () => {
  const source = new MemorySource(all);
  const writer = new BundleWriter().add({ source, reference: appReference, descriptor: image.descriptor });
  const path = `${await temporaryDirectory()}/b.tgz`;
  const write = async (options: object): Promise<unknown> => await writer.write(path, options);
  await expect(write({ overwrite: true })).rejects.toMatchObject({ argument: 'overwrite' });
  await expect(write({ force: 'no' })).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'force' });
  await expect(writer.plan({ typo: 1 } as object)).rejects.toMatchObject({ argument: 'typo' });
  expect(source.fetched).toEqual([]);
});

test('an image whose reference and descriptor disagree is refused at once', () => {
  const source = new MemorySource(all);
  const writer = new BundleWriter().add({ source, reference: appReference, descriptor: image.descriptor });
  const pinned = `${appReference}@${sbom.descriptor.digest}`;
  const refused: unknown = expect.objectContaining({ code: 'ERR_OCI_INVALID_REFERENCE' });
  expect(() => writer.add({ source, reference: pinned, descriptor: image.descriptor })).toThrow(refused);
  expect(() => writer.add({ source, reference: appReference, descriptor: sbom.descriptor })).toThrow(refused);
});

test('a bundle of nothing is refused', async () => {
  await expect(new BundleWriter().plan()).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION' });
});
