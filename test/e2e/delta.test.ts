import { readFile, writeFile } from 'node:fs/promises';
import { exportBundle, importBundle } from '@stellaops/oci-referrers';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openStage, repository } from './setup.js';

const shared = Buffer.alloc(100_000, 'base layer');

describe('bundles that build on one another', () => {
  it('are imported one after the other, and each carries only what is new', async () => {
    await using stage = await openStage();
    const images = ['v2', 'v3'].map((tag) => ({ tag, image: buildImage({ layers: [shared, Buffer.from(tag)] }) }));
    for (const { tag, image } of images) stage.source.store.add(repository, image, { tag });
    let base: string | undefined;
    const files: string[] = [];
    for (const tag of ['v1', 'v2', 'v3']) {
      const output = stage.path(`${tag}.tgz`);
      const report = await exportBundle(stage.resolver, [stage.reference.replace(/v1$/, tag)], { output, base });
      files.push(output);
      base = output;
      expect(report.external).toHaveLength(tag === 'v3' ? 1 : 0);
    }
    for (const file of files) await importBundle(file, { resolver: stage.resolver, to: stage.target.host });
    for (const { tag, image } of images) {
      expect([...(await stage.closureAt(stage.target, `${repository}:${tag}`)).nodes.keys()]).toEqual([
        image.descriptor.digest,
      ]);
    }
  });

  it('are refused without the one before: the blob is named, and nothing is pushed', async () => {
    await using stage = await openStage();
    const base = await stage.exportTo('base.tgz');
    const output = stage.path('delta.tgz');
    const { external } = await exportBundle(stage.resolver, [stage.reference], { output, base });
    expect(external.length).toBeGreaterThan(0);
    const options = { resolver: stage.resolver, to: stage.target.host };
    for (const dryRun of [true, false]) {
      await expect(importBundle(output, { ...options, dryRun })).rejects.toMatchObject({
        code: 'ERR_OCI_TRANSFER_REFUSED',
        message: expect.stringMatching(/lacks blob sha256:[a-f0-9]{64}.*nothing was pushed/) as string,
      });
    }
    expect(stage.target.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
    await importBundle(base, options);
    stage.target.clearRequests();
    await importBundle(output, options);
    expect(stage.target.requests.filter(({ path }) => path.includes('/blobs/uploads/'))).toEqual([]);
  });

  it('need of each repository only what its own images need', async () => {
    await using stage = await openStage();
    const other = buildImage({ layers: [Buffer.from('of another repository')] });
    stage.source.store.add('team/other', other, { tag: '1' });
    const references = [stage.reference, `${stage.source.host}/team/other:1`];
    await exportBundle(stage.resolver, references, { output: stage.path('base.tgz') });
    const base = stage.path('base.tgz');
    await exportBundle(stage.resolver, references, { output: stage.path('delta.tgz'), base });
    const options = { resolver: stage.resolver, to: stage.target.host };
    await importBundle(base, options);
    expect((await importBundle(stage.path('delta.tgz'), options)).images).toHaveLength(2);
  });

  it('are not written on top of a file that is no valid bundle: no registry is asked', async () => {
    await using stage = await openStage();
    const base = await stage.exportTo('base.tgz');
    const bytes = await readFile(base);
    await writeFile(base, bytes.subarray(0, bytes.length - 100));
    stage.source.clearRequests();
    const writing = exportBundle(stage.resolver, [stage.reference], { output: stage.path('delta.tgz'), base });
    await expect(writing).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_INVALID', path: base });
    expect(stage.source.requests).toEqual([]);
  });
});
