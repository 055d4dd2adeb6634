import { appendFile, readdir, utimes } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { exportBundle, importBundle, referrersTag } from '@stellaops/oci-referrers';
import { buildImage, buildIndex, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openStage, repository, useTemporaryFolder } from './setup.js';

const writes = (registry: TestRegistry): string[] =>
  registry.requests
    .filter(({ method }) => method !== 'GET' && method !== 'HEAD')
    .map(({ method, path }) => `${method} ${path}`);

describe('an import that cannot be done', () => {
  it('pushes none of its images when the tag of one is taken and tags are kept', async () => {
    await using stage = await openStage();
    const second = buildImage({ layers: [Buffer.from('second')] });
    stage.source.store.add(repository, second, { tag: 'v2' });
    const output = stage.path('two.tgz');
    await exportBundle(stage.resolver, [stage.reference, stage.reference.replace(/v1$/, 'v2')], { output });
    const other = buildImage({ layers: [Buffer.from('other')] });
    stage.target.store.add(repository, other, { tag: 'v2' });
    const options = { resolver: stage.resolver, to: stage.target.host, keepTags: true };
    for (const dryRun of [true, false]) {
      await expect(importBundle(output, { ...options, dryRun })).rejects.toMatchObject({
        code: 'ERR_OCI_TRANSFER_REFUSED',
        message: expect.stringContaining('tag v2') as string,
      });
    }
    expect(writes(stage.target)).toEqual([]);
  });

  it("keeps the target's own older tags too", async () => {
    await using stage = await openStage();
    const tag = `${referrersTag(stage.family.index.descriptor.digest)}.sig`;
    stage.source.store.add(repository, buildImage({ layers: [Buffer.from('ours')] }), { tag });
    const theirs = buildImage({ layers: [Buffer.from('theirs')] });
    stage.target.store.add(repository, theirs, { tag });
    const output = stage.path('bundle.tgz');
    await exportBundle(stage.resolver, [stage.reference], { output, legacyTags: true });
    const options = { resolver: stage.resolver, to: stage.target.host };
    await expect(importBundle(output, { ...options, keepTags: true })).rejects.toMatchObject({
      code: 'ERR_OCI_TRANSFER_REFUSED',
    });
    expect(writes(stage.target)).toEqual([]);
    const { images } = await importBundle(output, options);
    expect(images[0]?.movedTags).toEqual([{ tag, previousDigest: theirs.descriptor.digest }]);
  });

  it('says so before it uploads anything to a registry that could not list the referrers (GitLab)', async () => {
    await using stage = await openStage({ referrersApi: false });
    const { index } = stage.family;
    stage.target.store.add(repository, index, { tag: referrersTag(index.descriptor.digest) });
    const bundle = await stage.exportTo('bundle.tgz');
    await expect(importBundle(bundle, { resolver: stage.resolver, to: stage.target.host })).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_TAG_CONFLICT',
    });
    expect(writes(stage.target)).toEqual([]);
  });

  it('puts no image in the place of a list of referrers, in a registry or a layout', async () => {
    await using stage = await openStage({ referrersApi: false });
    const { index } = stage.family;
    const tag = referrersTag(index.descriptor.digest);
    stage.source.store.add(repository, buildIndex([buildImage()]), { tag });
    const output = stage.path('two.tgz');
    await exportBundle(stage.resolver, [stage.reference, stage.reference.replace(/v1$/, tag)], { output });
    const refused = { code: 'ERR_OCI_TRANSFER_REFUSED', message: expect.stringContaining(tag) as string };
    const { resolver } = stage;
    await expect(importBundle(output, { resolver, to: stage.target.host })).rejects.toMatchObject(refused);
    await expect(importBundle(output, { layout: stage.path('layout') })).rejects.toMatchObject(refused);
    expect(writes(stage.target)).toEqual([]);
    expect(await readdir(stage.path('.'))).toEqual(['two.tgz']);
  });

  it.each([
    ['written to', (path: string) => appendFile(path, 'x')],
    ['touched', (path: string) => utimes(path, 0, 0)],
  ])('because its file is %s after it was validated sets no tag', async (_name, change) => {
    const spoil = { path: '' };
    await using stage = await openStage({
      intercept: async ({ method }) => {
        if (method === 'POST' && spoil.path !== '') await change(spoil.path);
        return false;
      },
    });
    spoil.path = await stage.exportTo('bundle.tgz');
    await expect(importBundle(spoil.path, { resolver: stage.resolver, to: stage.target.host })).rejects.toMatchObject({
      code: 'ERR_OCI_BUNDLE_CHANGED',
    });
    expect([...(stage.target.store.repositories.get(repository)?.tags.keys() ?? [])]).toEqual([]);
  });

  it.each([
    ['a misspelt dryRun', { dryrun: true }, 'dryrun'],
    ['no concurrency at all', { concurrency: 0 }, 'concurrency'],
    ['a flag that is no flag', { keepTags: 'yes' }, 'keepTags'],
    ['an unknown limit', { limits: { maxManifest: 1 } }, 'limits.maxManifest'],
  ])('for %s names the option, before the file is opened', async (_name, wrong, argument) => {
    await using stage = await openStage();
    const options = { resolver: stage.resolver, to: stage.target.host, ...wrong } as never;
    await expect(importBundle(stage.path('missing.tgz'), options)).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument,
    });
  });

  it.each([
    ['gives objects', () => Readable.from([{ a: 1 }])],
    [
      'breaks off',
      () =>
        new Readable({
          read() {
            this.destroy(new Error('the disk is gone'));
          },
        }),
    ],
  ])('because its stream %s is a typed error, and leaves no temporary file', async (_name, open) => {
    await using stage = await openStage();
    await using temporary = await useTemporaryFolder();
    await expect(importBundle(open(), { resolver: stage.resolver, to: stage.target.host })).rejects.toMatchObject({
      code: 'ERR_OCI_BUNDLE_SOURCE',
    });
    expect(await readdir(temporary.path)).toEqual([]);
  });
});
