import { readdirSync } from 'node:fs';
import { appendFile, readdir } from 'node:fs/promises';
import { exportBundle, importBundle } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { openStage, useTemporaryFolder } from './setup.js';

it('a compressed bundle arrives complete, by way of a private file that is gone afterwards', async () => {
  await using stage = await openStage();
  const output = stage.path('bundle.tgz');
  await exportBundle(stage.resolver, [stage.reference], { output, compression: 'deflate' });
  await using temporary = await useTemporaryFolder();
  const seen = new Set<string>();
  const onProgress = (): void => {
    for (const name of readdirSync(temporary.path)) seen.add(name);
  };
  const options = { resolver: stage.resolver, to: stage.target.host };
  const { validation } = await importBundle(output, { ...options, onProgress });
  expect(validation).toMatchObject({ ok: true, compression: 'deflate' });
  expect((await stage.closureAt(stage.target)).nodes.size).toBe(6);
  expect([...seen]).toEqual([expect.stringMatching(/^oci-referrers-/)]);
  expect(await readdir(temporary.path)).toEqual([]);
});

it('a compressed bundle that is written to during its import is refused, and no file is left of it', async () => {
  await using stage = await openStage();
  const output = stage.path('bundle.tgz');
  await exportBundle(stage.resolver, [stage.reference], { output, compression: 'deflate' });
  await using temporary = await useTemporaryFolder();
  let changing: Promise<void> | undefined;
  const onProgress = (): void => {
    changing ??= appendFile(output, 'x');
  };
  const importing = importBundle(output, {
    resolver: stage.resolver,
    to: stage.target.host,
    concurrency: 1,
    onProgress,
  });
  await expect(importing).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_CHANGED' });
  await changing;
  expect(await readdir(temporary.path)).toEqual([]);
});
