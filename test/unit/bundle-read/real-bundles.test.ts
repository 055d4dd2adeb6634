import { gzipSync } from 'node:zlib';
import { buildArtifact, buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { referrerPath } from '../../../src/bundle/entry-paths.js';
import { referrersTag } from '../../../src/oci/referrers-tag.js';
import { appReference, MemorySource, sbomType, signatureType } from '../bundle-write/helpers.js';
import { appBundle, bytesOf, codesOf, filesOf, onlyFinding, rebuilt, replace, validate } from './bundles.js';
import { forged } from './forge.js';

async function bundleOf(images: readonly (readonly [string, TestContent, MemorySource])[]): Promise<Buffer> {
  const writer = new BundleWriter({ compression: 'none' });
  for (const [reference, { descriptor }, source] of images) writer.add({ source, reference, descriptor });
  return await bytesOf(writer);
}

function sbomFor(subject: TestContent, content = 'sbom', algorithm: 'sha256' | 'sha512' = 'sha256'): TestContent {
  return buildArtifact({ artifactType: sbomType, subject: subject.descriptor, content, algorithm });
}

describe('what our writer writes is valid without a finding', () => {
  const expectValid = async (bundle: Buffer): Promise<void> => {
    expect((await validate(bundle, { strict: true, checkReferrers: true })).findings).toEqual([]);
  };

  it('for an index with referrers of its own and of its platforms', async () => {
    const platforms = ['arm64', 'amd64'].map((architecture) =>
      buildImage({ layers: [Buffer.from(architecture)], platform: { os: 'linux', architecture } }),
    );
    const index = buildIndex(platforms);
    const referrers = [index, ...platforms].map((subject, turn) => sbomFor(subject, `sbom ${turn}`));
    const bundle = await bundleOf([[appReference, index, new MemorySource([index, ...referrers])]]);
    await expectValid(bundle);
    const { subjects, ok } = await validate(bundle, { requireReferrers: [{ artifactType: sbomType, min: 3 }] });
    expect(ok, 'an image has the referrers of its platforms too').toBe(true);
    const withReferrers = subjects.filter(({ expected }) => expected > 0);
    expect(withReferrers.map(({ subject, ok }) => [subject, ok])).toEqual(
      [index, ...platforms].map(({ descriptor }) => [descriptor.digest, 1]),
    );
  });

  it('for sha512, whose names do not fit a tar header', async () => {
    const image = buildImage({ algorithm: 'sha512' });
    const sbom = sbomFor(image, 'sbom', 'sha512');
    const bundle = await bundleOf([[appReference, image, new MemorySource([image, sbom])]]);
    await expectValid(bundle);
    const path = referrerPath(image.descriptor.digest, sbom.descriptor.digest);
    const names = (await filesOf(bundle)).map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining([path, 'checksums.sha512']));
    const changed = await rebuilt(
      bundle,
      replace(path, (bytes) => bytes.fill(0x20, 0, 1)),
    );
    expect(onlyFinding(await validate(changed))).toMatchObject({
      code: 'ReferrerChecksumMismatch',
      expected: sbom.descriptor.digest,
      actual: expect.stringMatching(/^sha512:/) as unknown,
    });
    const wrongSum = await forged(bundle, ({ record }) => {
      for (const { artifacts } of record.referrers.subjects) for (const one of artifacts) one.sha256 = '0'.repeat(64);
    });
    expect(codesOf(await validate(wrongSum))).toContain('ReferrerChecksumMismatch');
  });

  it('for one image in two repositories with different referrers', async () => {
    const image = buildImage();
    const [one, other] = ['one', 'other'].map((text) => new MemorySource([image, sbomFor(image, text)]));
    if (one === undefined || other === undefined) throw new Error('unreachable');
    const bundle = await bundleOf([
      ['a.example.com/team/app:1', image, one],
      ['b.example.com/team/app:1', image, other],
    ]);
    await expectValid(bundle);
    const { subjects } = await validate(bundle);
    expect(subjects.filter(({ expected }) => expected > 0).map((list) => list.image)).toEqual([
      'a.example.com/team/app:1',
      'b.example.com/team/app:1',
    ]);
  });

  it('for what lies under the older tags of cosign, whose manifests name no subject', async () => {
    const image = buildImage();
    const source = new MemorySource([image]);
    const { digest } = image.descriptor;
    const signature = buildArtifact({ artifactType: signatureType, content: 'signed' });
    source.addLegacy(image.descriptor, `${referrersTag(digest)}.sig`, signature);
    await expectValid(await bundleOf([[appReference, image, source]]));
  });

  it('for a tar that another tool compressed, which vouches for the content only', async () => {
    const report = await validate(gzipSync(await appBundle()), { strict: true });
    expect(report).toMatchObject({ ok: true, compression: 'deflate' });
  });
});

describe('a tar that somebody unpacked and packed again', () => {
  it('is told by every header that differs, and its content is checked all the same', async () => {
    const bundle = Buffer.from(await appBundle());
    const { length } = await filesOf(bundle);
    // What a packer with other defaults would write into the first header: a time, and the sum that belongs to it.
    bundle.write('00000000001', 136, 'latin1');
    bundle.write((Number.parseInt(bundle.toString('latin1', 148, 154), 8) + 1).toString(8).padStart(6, '0'), 148);
    const report = await validate(bundle);
    expect(onlyFinding(report)).toMatchObject({ code: 'HeaderNotCanonical', path: 'oci-layout' });
    expect(onlyFinding(report)?.message).toContain('time, checksum differ');
    expect(report.entriesChecked).toBe(length);
    expect(codesOf(report)).toEqual(['HeaderNotCanonical']);
    // The checksum alone: spaces where the format has zeroes.
    const padded = Buffer.from(await appBundle());
    padded.write('  ', 148, 'latin1');
    expect(onlyFinding(await validate(padded))?.message).toMatch(/: checksum differs$/);
  });
});
