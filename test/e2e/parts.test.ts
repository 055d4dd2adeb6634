import { appendFile, readdir } from 'node:fs/promises';
import { exportBundle, importBundle } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
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
