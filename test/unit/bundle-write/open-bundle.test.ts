import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BundleWriterOptions, openBundle, ProtocolError, readBundleRecord } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { referrersTag } from '../../../src/oci/referrers-tag.js';
import { walkClosure } from '../../../src/referrers/walk-closure.js';
import { appReference, MemorySource, signatureType, signedApp, temporaryDirectory } from './helpers.js';

const other = 'registry.example.com/other/app:1.2';
const { image, sbom, signature, all } = signedApp();

type Input = readonly [reference: string, image: TestContent, source: MemorySource];

async function bundleOf(inputs: readonly Input[], options: BundleWriterOptions = {}): Promise<string> {
  const path = join(await temporaryDirectory(), 'bundle.tgz');
  const writer = new BundleWriter(options);
  for (const [reference, { descriptor }, source] of inputs) writer.add({ reference, descriptor, source });
  await writer.write(path);
  return path;
}

/** Writes everything of some bundles into another one, and gives its path. */
async function rewritten(paths: readonly string[], options: BundleWriterOptions = {}): Promise<string> {
  const path = join(await temporaryDirectory(), 'again.tgz');
  const writer = new BundleWriter(options);
  const opened = await Promise.all(paths.map((one) => openBundle(one)));
  try {
    for (const { images } of opened) for (const one of images) writer.add(one);
    await writer.write(path);
  } finally {
    await Promise.all(opened.map((one) => one.close()));
  }
  return path;
}

const listsOf = async (path: string): Promise<unknown> =>
  (await readBundleRecord(path)).referrers.subjects.map(({ reference, subject, artifacts }) => [
    reference,
    subject,
    artifacts,
  ]);
const blobsOf = async (path: string): Promise<string[]> =>
  (await readBundleRecord(path)).entries.map((entry) => entry.path).filter((name) => name.startsWith('blobs/'));

describe('a bundle written from a bundle', () => {
  it('holds the same artifacts and content, and says that its lists come from a bundle', async () => {
    const cosigned = buildArtifact({ artifactType: 'application/vnd.oci.image.config.v1+json', content: 'cosign' });
    const source = new MemorySource(all);
    source.addLegacy(image.descriptor, `${referrersTag(image.descriptor.digest)}.sig`, cosigned);
    const first = await bundleOf([[appReference, image, source]]);
    const second = await rewritten([first]);
    expect(await listsOf(second)).toEqual(await listsOf(first));
    expect(await blobsOf(second)).toEqual(await blobsOf(first));
    const { subjects } = (await readBundleRecord(second)).referrers;
    expect(new Set(subjects.map(({ discovery }) => discovery.source))).toEqual(new Set(['bundle']));
    expect((await new ImportValidator({ strict: true }).validate(second)).findings).toEqual([]);
  });

  it('joins two, and keeps the lists of two repositories apart although both hold the same image', async () => {
    const bare = await bundleOf([[other, image, new MemorySource([image])]]);
    const full = await bundleOf([[appReference, image, new MemorySource(all)]]);
    const both = await rewritten([bare, full]);
    expect(await listsOf(both)).toEqual([
      ...((await listsOf(bare)) as unknown[]),
      ...((await listsOf(full)) as unknown[]),
    ]);
  });

  it('can leave out what the first one has', async () => {
    const lean = await rewritten([await bundleOf([[appReference, image, new MemorySource(all)]])], {
      categories: ['sbom'],
    });
    const { subjects } = (await readBundleRecord(lean)).referrers;
    const kept = subjects.flatMap(({ artifacts }) => artifacts.map(({ digest }) => digest));
    expect(kept).toEqual([sbom.descriptor.digest]);
    expect(kept).not.toContain(signature.descriptor.digest);
  });

  it('fails where the first one does not hold a platform, and names what to do', async () => {
    const platform = (architecture: string): TestContent =>
      buildImage({ layers: [Buffer.from(architecture)], platform: { os: 'linux', architecture } });
    const index = buildIndex([platform('amd64'), platform('arm64')]);
    const options = { platforms: ['linux/amd64'] };
    const sparse = await bundleOf([[appReference, index, new MemorySource([index])]], options);
    await expect(rewritten([sparse])).rejects.toMatchObject({
      code: 'ERR_OCI_NOT_FOUND',
      hint: expect.stringContaining('platforms') as string,
    });
    expect(await blobsOf(await rewritten([sparse], options))).toEqual(await blobsOf(sparse));
  });

  it('fails where the first one is a delta, and says where the content is', async () => {
    const base = await bundleOf([[appReference, image, new MemorySource(all)]]);
    const delta = await bundleOf([[appReference, image, new MemorySource(all)]], {
      base: await readBundleRecord(base),
    });
    await expect(rewritten([delta])).rejects.toMatchObject({
      code: 'ERR_OCI_NOT_FOUND',
      message: expect.stringContaining('(delta)') as string,
    });
  });
});

describe('an opened bundle', () => {
  it('says of a filtered list that it is one', async () => {
    const path = await bundleOf([[appReference, image, new MemorySource(all)]], { artifactTypes: [signatureType] });
    await using bundle = await openBundle(path);
    const [only] = bundle.images;
    if (only === undefined) throw new TypeError('no image');
    const graph = await walkClosure(only.source, only.descriptor);
    expect(graph.warnings).toEqual([expect.stringContaining('1 referrers of')]);
  });

  it('gives no list that was not confirmed when it was written', async () => {
    const source = new MemorySource(all);
    source.listReferrers = () => Promise.reject(new ProtocolError('ERR_OCI_REFERRERS_UNCONFIRMED', 'no telling'));
    const path = await bundleOf([[appReference, image, source]], { onDiscoveryError: 'warn' });
    await using bundle = await openBundle(path);
    const [only] = bundle.images;
    await expect(only?.source.listReferrers(image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
      message: expect.stringContaining('could not be confirmed') as string,
    });
    const stranger = buildImage({ layers: [Buffer.from('stranger')] });
    await expect(only?.source.listReferrers(stranger.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
      message: expect.stringContaining('nobody looked') as string,
    });
  });

  it('is none when it does not pass validation', async () => {
    const path = join(await temporaryDirectory(), 'bundle.tgz');
    await writeFile(path, 'no bundle');
    await expect(openBundle(path)).rejects.toMatchObject({
      code: 'ERR_OCI_BUNDLE_INVALID',
      hint: expect.stringContaining('not opened') as string,
    });
    await expect(openBundle(path, { stric: true } as object)).rejects.toMatchObject({ argument: 'stric' });
  });
});
