import { buildArtifact, buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleWriterOptions } from '../../../src/bundle/bundle-writer-options.js';
import { compareEntries } from '../../../src/bundle/entry-names.js';
import type { BundlePlan } from '../../../src/bundle/plan.js';
import { ProtocolError } from '../../../src/errors/index.js';
import { digestOf } from '../../../src/oci/digest.js';
import { appReference, MemorySource, run, sbomType, signatureType, signedApp, temporaryDirectory } from './helpers.js';

const { image, sbom, signature, all } = signedApp();

async function planOf(
  contents: readonly TestContent[],
  root: TestContent,
  options?: BundleWriterOptions,
): Promise<BundlePlan> {
  const source = new MemorySource(contents);
  return await new BundleWriter(options).add({ source, reference: appReference, descriptor: root.descriptor }).plan();
}

/** An image whose manifest lists the given layers; nothing of it but the manifest is served. */
function imageWithLayers(layers: readonly object[]): TestContent {
  const { descriptor, manifest } = buildImage();
  const bytes = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(manifest).toString()), layers }));
  const digest = digestOf(bytes);
  return { descriptor: { ...descriptor, digest, size: bytes.length }, manifest: bytes, blobs: [], children: [] };
}

test('a plan lists the referrers of the image and the referrers of referrers, with how they were found', async () => {
  const plan = await planOf(all, image);
  const lists = plan.subjects.map(({ subject, artifacts }) => [subject, artifacts.map(({ digest }) => digest)]);
  expect(lists).toEqual([
    [image.descriptor.digest, [sbom.descriptor.digest]],
    [sbom.descriptor.digest, [signature.descriptor.digest]],
    [signature.descriptor.digest, []],
  ]);
  expect(plan.subjects[0]).toMatchObject({
    reference: appReference,
    discovery: { source: 'api', host: 'registry.example.com', complete: true, found: 1, included: 1, filtered: 0 },
    artifacts: [{ artifactType: sbomType, category: 'sbom', sha256: sbom.descriptor.digest.slice(7) }],
  });
});

test('entries stand in the one order of the format', async () => {
  const { entries } = await planOf(all, image);
  const paths = entries.map(({ path }) => path);
  expect(paths).toEqual([...paths].sort(compareEntries));
});

test('content that several manifests share is in the bundle once', async () => {
  const { entries, counts } = await planOf(all, image);
  const digests = entries.filter(({ path }) => path.startsWith('blobs/')).map(({ digest }) => digest);
  expect(new Set(digests).size).toBe(digests.length);
  // Two layers, their config, the empty config of both artifacts, and what each artifact says.
  expect(counts.blobs).toBe(6);
});

test('a filter leaves referrers out and says how many', async () => {
  const plan = await planOf(all, image, { excludeArtifactTypes: [sbomType] });
  expect(plan.counts.referrers).toBe(0);
  expect(plan.subjects[0]?.discovery).toMatchObject({ found: 1, included: 0, filtered: 1 });
});

test('a required referrer that is missing ends the plan, with what was found instead', async () => {
  const requireReferrers = [{ artifactType: signatureType, min: 1 }];
  const failure = planOf(all, image, { requireReferrers });
  await expect(failure).rejects.toMatchObject({ name: 'BundleError', code: 'ERR_OCI_REQUIRED_MISSING' });
  await expect(failure).rejects.toThrow(
    `${appReference} has 0 of 1 referrers of type ${signatureType} (found: 1 ${sbomType})`,
  );
});

test('a required referrer on a platform of the image counts', async () => {
  const amd64 = buildImage({ platform: { os: 'linux', architecture: 'amd64' } });
  const index = buildIndex([amd64]);
  const signed = buildArtifact({ artifactType: signatureType, subject: amd64.descriptor, content: 'signed' });
  const requireReferrers = [{ artifactType: signatureType, min: 1 }];
  const plan = await planOf([index, signed], index, { requireReferrers });
  expect(plan.counts.referrers).toBe(1);
});

test('platforms that were not asked for are recorded as missing', async () => {
  const amd64 = buildImage({ platform: { os: 'linux', architecture: 'amd64' } });
  const arm64 = buildImage({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
  const index = buildIndex([amd64, arm64]);
  const plan = await planOf([index], index, { platforms: ['linux/amd64'] });
  expect(plan.images[0]?.platforms).toEqual({ included: ['linux/amd64'], missing: ['linux/arm64/v8'] });
  expect(plan.entries.some(({ digest }) => digest === arm64.descriptor.digest)).toBe(false);
});

test('nondistributable layers stay outside and are recorded', async () => {
  const digest = digestOf(Buffer.from('windows'));
  const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  const windows = imageWithLayers([{ mediaType, digest, size: 7 }]);
  const plan = await planOf([buildImage(), windows], windows);
  expect(plan.external).toEqual([{ digest, size: 7, reason: 'nondistributable' }]);
  expect(plan.warnings).toEqual(['1 nondistributable layers stay outside the bundle']);
});

test('a layer that one manifest may pass on and another may not is in the bundle', async () => {
  const [, layer] = image.blobs;
  const digest = layer?.descriptor.digest ?? '';
  const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
  const windows = imageWithLayers([{ ...layer?.descriptor, mediaType }]);
  const index = buildIndex([windows, image]);
  const plan = await planOf([buildImage(), windows, index], index);
  expect(plan.external).toEqual([]);
  expect(plan.entries.filter((entry) => entry.digest === digest)).toHaveLength(1);
});

test('an image that is added while a plan is made is in the next plan', async () => {
  const source = new MemorySource(all);
  const writer = new BundleWriter().add({ source, reference: appReference, descriptor: image.descriptor });
  const planning = writer.plan();
  writer.add({ source, reference: 'registry.example.com/team/app:late', descriptor: sbom.descriptor });
  expect((await planning).images).toHaveLength(1);
  expect((await writer.plan()).images).toHaveLength(2);
});

test('two sizes for one digest end the plan before anything is fetched in vain', async () => {
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(Buffer.from('layer')) };
  const broken = imageWithLayers([
    { ...layer, size: 5 },
    { ...layer, size: 6 },
  ]);
  await expect(planOf([broken], broken)).rejects.toMatchObject({
    code: 'ERR_OCI_SIZE_MISMATCH',
    expected: '5',
    actual: '6',
  });
});

test('lists of one subject in two repositories are kept apart and share their files', async () => {
  const web = buildArtifact({ artifactType: signatureType, subject: image.descriptor, content: 'web only' });
  const writer = new BundleWriter()
    .add({ source: new MemorySource(all), reference: appReference, descriptor: image.descriptor })
    .add({ source: new MemorySource([...all, web]), reference: 'b.example.com/web:1', descriptor: image.descriptor });
  const { subjects, entries } = await writer.plan();
  const lists = subjects.filter(({ subject }) => subject === image.descriptor.digest);
  expect(lists.map(({ reference, artifacts }) => [reference, artifacts.length])).toEqual([
    ['b.example.com/web:1', 2],
    [appReference, 1],
  ]);
  expect(entries.filter(({ path }) => path.startsWith('referrers/'))).toHaveLength(3);
});

test('two images of one repository that lead to one subject must agree about its referrers', async () => {
  const index = buildIndex([image]);
  const late = new MemorySource([
    index,
    sbom,
    signature,
    buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: 'late' }),
  ]);
  const writer = new BundleWriter()
    .add({ source: new MemorySource(all), reference: appReference, descriptor: image.descriptor })
    .add({ source: late, reference: 'registry.example.com/team/app:multi', descriptor: index.descriptor });
  await expect(writer.plan()).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_INCONSISTENT' });
});

test('with warn, a list that cannot be confirmed marks the bundle incomplete', async () => {
  const source = new MemorySource(all);
  const list = source.listReferrers.bind(source);
  source.listReferrers = (subject) =>
    subject.digest === sbom.descriptor.digest
      ? Promise.reject(new ProtocolError('ERR_OCI_REFERRERS_UNCONFIRMED', 'no telling'))
      : list(subject);
  const add = (onDiscoveryError: 'warn' | 'fail'): BundleWriter =>
    new BundleWriter({ onDiscoveryError }).add({ source, reference: appReference, descriptor: image.descriptor });
  const plan = await add('warn').plan();
  expect(plan.complete).toBe(false);
  expect(plan.warnings.join()).toContain('ERR_OCI_REFERRERS_UNCONFIRMED');
  await expect(add('fail').plan()).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_UNCONFIRMED' });
});

test('sha512 content is checked by sha512sum', async () => {
  const long = buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: 'x', algorithm: 'sha512' });
  const source = new MemorySource([image, long]);
  const directory = await temporaryDirectory();
  const writer = new BundleWriter().add({ source, reference: appReference, descriptor: image.descriptor });
  await writer.write(`${directory}/bundle.tar`);
  await run('tar', ['-xf', 'bundle.tar'], directory);
  await run('sha256sum', ['--check', '--strict', '--quiet', 'checksums.sha256'], directory);
  await run('sha512sum', ['--check', '--strict', '--quiet', 'checksums.sha512'], directory);
  expect((await run('cat', ['checksums.sha512'], directory)).trimEnd().split('\n')).toHaveLength(2);
});

test('the attestation table says what annotations say, and unknown where only the payload would tell', async () => {
  const type = 'application/vnd.in-toto+json';
  const predicate = 'https://slsa.dev/provenance/v1';
  const told = buildArtifact({
    artifactType: type,
    subject: image.descriptor,
    content: 'a',
    annotations: { 'in-toto.io/predicate-type': predicate },
  });
  const untold = buildArtifact({ artifactType: type, subject: image.descriptor, content: 'b' });
  const directory = await temporaryDirectory();
  const source = new MemorySource([...all, told, untold]);
  const writer = new BundleWriter().add({ source, reference: appReference, descriptor: image.descriptor });
  await writer.write(`${directory}/bundle.tar`);
  const table = await run('tar', ['-xOf', 'bundle.tar', 'indexes/attestations.index.json'], directory);
  const { attestations } = JSON.parse(table) as { attestations: { digest: string; predicateType: string }[] };
  expect(new Map(attestations.map(({ digest, predicateType }) => [digest, predicateType]))).toEqual(
    new Map([
      [told.descriptor.digest, predicate],
      [untold.descriptor.digest, 'unknown'],
    ]),
  );
});

test('what a source states and no bundle can record is refused before anything is written', async () => {
  const source = new MemorySource(all);
  const list = source.listReferrers.bind(source);
  source.listReferrers = async (subject) => ({ ...(await list(subject)), host: '' });
  const writer = new BundleWriter().add({ source, reference: appReference, descriptor: image.descriptor });
  await expect(writer.plan()).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_INVALID' });
});

test('a tag-schema index that no client would read is not written', async () => {
  const subject = image.descriptor;
  const many = Array.from({ length: 20 }, (_, at) =>
    buildArtifact({ artifactType: sbomType, subject, content: `${at}` }),
  );
  const limits = { maxManifestBytes: 3000 };
  const failure = planOf([image, ...many], image, { limits });
  await expect(failure).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED', limitName: 'maxManifestBytes' });
  const plan = await planOf([image, ...many], image, { limits, layoutReferrers: 'untagged' });
  expect(plan.counts.referrers).toBe(20);
});

test('a record that no validator would read is not written', async () => {
  const subject = image.descriptor;
  const annotations = { text: 'x'.repeat(4_000_000) };
  const many = Array.from({ length: 7 }, (_, at) =>
    buildArtifact({ artifactType: sbomType, subject, content: `${at}`, annotations }),
  );
  const failure = planOf([image, ...many], image, { layoutReferrers: 'none' });
  await expect(failure).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED', limitName: 'maxRecordBytes' });
});
