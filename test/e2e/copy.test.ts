import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyImage, discoverReferrers, exportBundle, importBundle, openLayout } from '@stellaops/oci-referrers';
import { buildImage, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { runTar } from '../support/run-tar.js';
import { openStage, repository, sbomType } from './setup.js';

const writes = (registry: TestRegistry): string[] =>
  registry.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD').map(({ path }) => path);

async function closureOf(path: string, name?: string, platforms?: string[]): Promise<readonly string[]> {
  const layout = await openLayout(path);
  const { descriptor, repository: own } = await layout.resolve(name);
  const graph = await discoverReferrers(layout.inRepository(own), descriptor, { platforms });
  return [...graph.nodes.keys()].sort();
}

describe('a copy of an image with its closure', () => {
  it.each([true, false])('goes through a layout to a registry (with the API: %s) and loses nothing', async (api) => {
    await using stage = await openStage({ referrersApi: api });
    const { resolver, reference, family } = stage;
    const layout = stage.path('layout');
    const out = await copyImage({ resolver, reference }, { layout });
    expect(out).toMatchObject({ dryRun: false, complete: true, referrers: 3, manifests: 6, warnings: [] });
    expect(await (await openLayout(layout)).names()).toEqual(['v1']);
    expect(await closureOf(layout)).toHaveLength(6);
    const target = `${stage.target.host}/${repository}:v1`;
    const back = await copyImage({ layout, name: 'v1' }, { resolver, reference: target });
    expect(back.digest).toBe(family.index.descriptor.digest);
    const before = await stage.closureAt(stage.source);
    const after = await stage.closureAt(stage.target);
    expect([...after.nodes.keys()].sort()).toEqual([...before.nodes.keys()].sort());
    expect(new Set(back.subjects.map(({ source }) => source))).toEqual(new Set([api ? 'api' : 'tag-schema']));
    expect(await copyImage({ layout }, { resolver, reference: target })).toMatchObject({ uploaded: 0, mounted: 0 });
  });

  it('goes from one layout to another, and from one tag to another', async () => {
    await using stage = await openStage();
    const { resolver, reference } = stage;
    const [first, second] = [stage.path('first'), stage.path('second')];
    await copyImage({ resolver, reference }, { layout: first, name: 'one' });
    await copyImage({ layout: first }, { layout: second, name: 'registry.example.com/team/app:two' });
    expect(await closureOf(second)).toEqual(await closureOf(first));
    expect(await (await openLayout(second)).names()).toEqual(['two']);
    expect((await (await openLayout(second)).resolve()).repository).toBe('registry.example.com/team/app');
  });

  it('takes blobs over from the source’s repository when both are in one registry', async () => {
    await using stage = await openStage();
    const { resolver, reference, source } = stage;
    source.clearRequests();
    const report = await copyImage({ resolver, reference }, { resolver, reference: `${source.host}/prod/app:v1` });
    expect(report.mounted).toBe(report.blobs);
    expect(source.requests.filter(({ method, endpoint }) => method === 'GET' && endpoint === 'blob')).toEqual([]);
    expect(writes(source).filter((path) => /uploads\/./.test(path))).toEqual([]);
    expect((await stage.closureAt(source, 'prod/app:v1')).nodes.size).toBe(6);
  });

  it('uploads where the registry will not take blobs over, and asks for that once', async () => {
    let asked = 0;
    await using stage = await openStage(
      {},
      {
        intercept: (request, response) => {
          if (!request.query.has('mount')) return false;
          asked += 1;
          response.writeHead(405).end();
          return true;
        },
      },
    );
    const { resolver, reference, source } = stage;
    const options = { concurrency: 1 };
    const report = await copyImage(
      { resolver, reference },
      { resolver, reference: `${source.host}/prod/app:v1` },
      options,
    );
    expect(report).toMatchObject({ mounted: 0 });
    expect(asked).toBe(1);
  });

  it('of some platforms keeps the index as it is, says which are absent, and finds a refusal explained', async () => {
    await using stage = await openStage();
    const { resolver, reference, family } = stage;
    const options = { platforms: ['linux/arm64'] };
    const report = await copyImage({ resolver, reference }, { layout: stage.path('sparse') }, options);
    expect(report.digest).toBe(family.index.descriptor.digest);
    expect(report.absent).toEqual([family.index.children[0]?.descriptor.digest]);
    expect(await closureOf(stage.path('sparse'), 'v1', options.platforms)).toHaveLength(5);
    await using strict = await openStage({
      intercept: (request, response) => {
        if (request.method !== 'PUT' || request.reference !== family.index.descriptor.digest) return false;
        response.writeHead(400).end('{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"unknown"}]}');
        return true;
      },
    });
    const target = { resolver: strict.resolver, reference: `${strict.target.host}/${repository}:v1` };
    await expect(copyImage({ resolver, reference }, target, options)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      message: expect.stringContaining('1 platforms of this index were left out') as string,
    });
  });

  it('pushes nothing in a dry run, and says which tag would move', async () => {
    await using stage = await openStage();
    const { resolver, reference, target } = stage;
    const other = buildImage({ layers: [Buffer.from('other')] });
    target.store.add(repository, other, { tag: 'v1' });
    const to = { resolver, reference: `${target.host}/${repository}:v1` };
    const report = await copyImage({ resolver, reference }, to, { dryRun: true });
    expect(report).toMatchObject({ dryRun: true, uploaded: 0, previousDigest: other.descriptor.digest, referrers: 3 });
    expect(writes(target)).toEqual([]);
    await expect(copyImage({ resolver, reference }, to, { keepTags: true })).rejects.toMatchObject({
      code: 'ERR_OCI_TRANSFER_REFUSED',
    });
    expect(writes(target)).toEqual([]);
    await copyImage({ resolver, reference }, { layout: stage.path('none') }, { dryRun: true });
    await expect(readdir(stage.path('none'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await copyImage({ resolver, reference }, to)).toMatchObject({ previousDigest: other.descriptor.digest });
  });

  it('lacks nothing that is required, or is not made', async () => {
    await using stage = await openStage();
    const { resolver, reference, target } = stage;
    const to = { resolver, reference: `${target.host}/${repository}:v1` };
    const requireReferrers = [{ artifactType: sbomType, min: 2 }];
    await expect(copyImage({ resolver, reference }, to, { requireReferrers })).rejects.toMatchObject({
      code: 'ERR_OCI_REQUIRED_MISSING',
    });
    expect(writes(target)).toEqual([]);
  });

  it('never gets another digest than its target names', async () => {
    await using stage = await openStage();
    const { resolver, reference, target } = stage;
    const wrong = `sha256:${'0'.repeat(64)}`;
    for (const to of [
      { resolver, reference: `${target.host}/${repository}@${wrong}` },
      { layout: stage.path('layout'), name: `@${wrong}` },
    ]) {
      await expect(copyImage({ resolver, reference }, to)).rejects.toMatchObject({ code: 'ERR_OCI_TRANSFER_REFUSED' });
    }
  });

  it.each([
    ['a misspelt dryRun', { dryrun: true }, 'dryrun'],
    ['no concurrency', { concurrency: 0 }, 'concurrency'],
  ])('for %s names the option', async (_name, options, argument) => {
    const copying = copyImage({ layout: 'a' }, { layout: 'b' }, options as never);
    await expect(copying).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument });
  });
});

describe('a bundle and a layout directory', () => {
  it('are one: an extracted bundle is a source, and a target', async () => {
    await using stage = await openStage();
    const { resolver, reference, family } = stage;
    const bundle = await stage.exportTo('bundle.tgz');
    const layout = stage.path('extracted');
    await mkdir(layout);
    await runTar(['-xf', bundle, '-C', layout]);
    expect(await closureOf(layout, 'v1')).toHaveLength(6);
    const index = await readFile(join(layout, 'index.json'), 'utf8');
    expect(await copyImage({ resolver, reference }, { layout })).toMatchObject({ uploaded: 0 });
    expect(await readFile(join(layout, 'index.json'), 'utf8')).toBe(index);
    const second = buildImage({ layers: [Buffer.from('second')] });
    stage.source.store.add(repository, second, { tag: 'v2' });
    await copyImage({ resolver, reference: reference.replace(/v1$/, 'v2') }, { layout });
    expect(await (await openLayout(layout)).names()).toEqual(['v1', 'v2']);
    const to = { resolver, reference: `${stage.target.host}/${repository}:v1` };
    expect((await copyImage({ layout, name: 'v1' }, to)).digest).toBe(family.index.descriptor.digest);
  });

  it('meet in an import, once or again', async () => {
    await using stage = await openStage();
    const bundle = await stage.exportTo('bundle.tgz');
    const layout = stage.path('imported');
    await importBundle(bundle, { layout, dryRun: true });
    await expect(readdir(layout)).rejects.toMatchObject({ code: 'ENOENT' });
    const report = await importBundle(bundle, { layout });
    expect(report.images[0]?.transfer?.subjects[0]?.source).toBe('layout');
    expect(await closureOf(layout, stage.reference)).toHaveLength(6);
    expect((await importBundle(bundle, { layout })).images[0]?.transfer).toMatchObject({ uploaded: 0 });
    for (const wrong of [{ layout, to: 'x' }, {}, { to: 'x' }]) {
      await expect(importBundle(bundle, wrong)).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION' });
    }
  });

  it('give a registry each blob once, however many repositories of a bundle share it', async () => {
    await using stage = await openStage();
    const { resolver, source, target, family } = stage;
    for (const content of family.all)
      source.store.add('team/twin', content, content === family.index ? { tag: 'v1' } : {});
    const output = stage.path('twins.tgz');
    await exportBundle(resolver, [stage.reference, `${source.host}/team/twin:v1`], { output });
    const { images } = await importBundle(output, { resolver, to: target.host });
    const [first, second] = images.map(({ transfer }) => transfer);
    expect(first).toMatchObject({ mounted: 0 });
    expect(second?.mounted).toBeGreaterThan(4);
    expect((await stage.closureAt(target, 'team/twin:v1')).nodes.size).toBe(6);
  });
});
