import { buildArtifact } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleWriterOptions } from '../../../src/bundle/bundle-writer-options.js';
import type { Descriptor } from '../../../src/oci/descriptor.js';
import { parseIndex } from '../../../src/oci/manifest.js';
import { referrersTag } from '../../../src/oci/referrers-tag.js';
import { appReference, MemorySource, run, sbomType, signedApp, temporaryDirectory } from './helpers.js';

const refName = 'org.opencontainers.image.ref.name';
const { image, sbom, signature, all } = signedApp();
const app = { source: new MemorySource(all), reference: appReference, descriptor: image.descriptor };

interface Input {
  readonly source: MemorySource;
  readonly reference: string;
  readonly descriptor: Descriptor;
}

async function readBundle(inputs: readonly Input[], options: BundleWriterOptions = {}): Promise<string> {
  const writer = new BundleWriter(options);
  for (const input of inputs) writer.add(input);
  const directory = await temporaryDirectory();
  await writer.write(`${directory}/bundle.tar`);
  await run('tar', ['-xf', 'bundle.tar'], directory);
  return directory;
}

async function readIndex(directory: string, path = 'index.json'): Promise<readonly Descriptor[]> {
  return parseIndex(Buffer.from(await run('cat', [path], directory)), path).manifests;
}

async function readNames(inputs: readonly Input[], options?: BundleWriterOptions): Promise<(string | undefined)[]> {
  const manifests = await readIndex(await readBundle(inputs, options));
  return manifests.map(({ annotations }) => annotations?.[refName]);
}

test('a bundle of one repository names its images by tag, and always says the full reference to containerd', async () => {
  const [root] = await readIndex(await readBundle([app]));
  expect(root).toEqual({
    ...image.descriptor,
    annotations: { [refName]: '1.2', 'io.containerd.image.name': appReference },
  });
});

test('a bundle of several repositories names everything in full', async () => {
  const web = { ...app, reference: 'registry.example.com/team/web:1.2' };
  const names = await readNames([app, web], { layoutReferrers: 'tag-schema' });
  const tags = [image, sbom].map(({ descriptor }) => referrersTag(descriptor.digest)).sort();
  expect(names).toEqual([
    appReference,
    'registry.example.com/team/web:1.2',
    ...tags.map((tag) => `registry.example.com/team/app:${tag}`),
    ...tags.map((tag) => `registry.example.com/team/web:${tag}`),
  ]);
});

test('an image without a tag is named by its full reference', async () => {
  const reference = `registry.example.com/team/app@${image.descriptor.digest}`;
  const names = await readNames([{ ...app, reference }], { layoutReferrers: 'none' });
  expect(names).toEqual([reference]);
});

test('untagged referrers stand in index.json with type and annotations and no name', async () => {
  const [, ...referrers] = await readIndex(await readBundle([app], { layoutReferrers: 'untagged' }));
  const expected = [sbom.descriptor, signature.descriptor].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  expect(referrers).toEqual(expected);
});

test('a tag-schema index lists the referrers of its subject and is a blob like any other', async () => {
  const directory = await readBundle([app], { layoutReferrers: 'tag-schema' });
  const manifests = await readIndex(directory);
  const tag = referrersTag(image.descriptor.digest);
  const named = manifests.find(({ annotations }) => annotations?.[refName] === tag);
  const path = named?.digest.replace(':', '/') ?? '';
  expect(await readIndex(directory, `blobs/${path}`)).toEqual([sbom.descriptor]);
  expect(await run('cat', ['checksums.sha256'], directory)).toContain(`blobs/${path}`);
});

test('with none, index.json holds the images alone', async () => {
  expect(await readNames([app], { layoutReferrers: 'none' })).toEqual(['1.2']);
});

test('with both, index.json holds images, untagged referrers and tag-schema indexes', async () => {
  const names = await readNames([app]);
  expect(names.filter((name) => name === undefined)).toHaveLength(2);
  expect(names.filter((name) => name?.startsWith('sha256-'))).toHaveLength(2);
});

test('an annotation of a referrer cannot take the name of an image', async () => {
  const impostor = buildArtifact({
    artifactType: sbomType,
    subject: image.descriptor,
    content: 'x',
    annotations: { [refName]: '1.2', 'io.containerd.image.name': appReference, kept: 'yes' },
  });
  const source = new MemorySource([...all, impostor]);
  const manifests = await readIndex(await readBundle([{ ...app, source }]));
  expect(manifests.filter(({ annotations }) => annotations?.[refName] === '1.2')).toHaveLength(1);
  expect(manifests.find(({ digest }) => digest === impostor.descriptor.digest)?.annotations).toEqual({ kept: 'yes' });
});

test('an artifact under an older cosign tag keeps that tag as its name and in the record', async () => {
  const bare = buildArtifact({ artifactType: 'application/vnd.oci.image.config.v1+json', content: 'signed' });
  const tag = `${referrersTag(image.descriptor.digest)}.sig`;
  const source = new MemorySource([image]);
  source.addLegacy(image.descriptor, tag, bare);
  const directory = await readBundle([{ ...app, source }], { legacyTags: true });
  const manifests = await readIndex(directory);
  expect(manifests.slice(1).map(({ digest, annotations }) => [digest, annotations])).toEqual([
    [bare.descriptor.digest, { [refName]: tag }],
  ]);
  expect(JSON.parse(await run('cat', ['bundle.json'], directory))).toMatchObject({
    referrers: { subjects: [{ artifacts: [{ tag, category: 'signature' }] }, {}] },
  });
});

test('a referrer that is exported as an image is named once and not listed again', async () => {
  const reference = `registry.example.com/team/app@${sbom.descriptor.digest}`;
  const manifests = await readIndex(
    await readBundle([app, { ...app, reference, descriptor: sbom.descriptor }], { layoutReferrers: 'untagged' }),
  );
  expect(manifests.filter(({ digest }) => digest === sbom.descriptor.digest)).toHaveLength(1);
});

test('two tags of one image are two names for one manifest', async () => {
  const names = await readNames([app, { ...app, reference: 'registry.example.com/team/app:latest' }]);
  expect(names.slice(0, 2)).toEqual(['1.2', 'latest']);
});
