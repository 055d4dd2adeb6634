import { buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { blobPath, referrerPath } from '../../../src/bundle/entry-paths.js';
import type { FindingCode } from '../../../src/bundle/finding.js';
import type { ImportValidatorOptions } from '../../../src/bundle/import-validator.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import { appReference, MemorySource, sbomType, signatureType } from '../bundle-write/helpers.js';
import { app, appBundle, bytesOf, codesOf, onlyFinding, validate } from './bundles.js';
import { artifactOf, type Forgery, forged, listOf, placeOf } from './forge.js';

const subject = app.image.descriptor.digest;
const sbom = app.sbom.descriptor.digest;
const sbomPath = referrerPath(subject, sbom);

describe('a bundle that was rewritten consistently', () => {
  let bundle: Buffer;
  beforeAll(async () => {
    bundle = await appBundle({ layoutReferrers: 'untagged' });
  });
  const codes = async (
    edit: (forgery: Forgery) => unknown,
    options: ImportValidatorOptions = {},
  ): Promise<readonly FindingCode[]> => codesOf(await validate(await forged(bundle, edit), options));
  it('is valid when nothing was changed: the forger works as our writer does', async () => {
    expect((await forged(bundle, () => undefined)).equals(bundle)).toBe(true);
  });

  it('is told when it lists a referrer of another image', async () => {
    const report = await validate(
      await forged(bundle, (forgery) => {
        const signed = forgery.record.referrers.subjects.find(({ artifacts }) =>
          artifacts.some(({ artifactType }) => artifactType === signatureType),
        );
        const [moved] = signed?.artifacts.splice(0) ?? [];
        if (moved === undefined || signed === undefined) throw new Error('the fixture has no signature');
        const file = forgery.contents.get(moved.path) ?? Buffer.alloc(0);
        forgery.contents.delete(moved.path);
        moved.path = referrerPath(subject, moved.digest);
        forgery.contents.set(moved.path, file);
        forgery.mediaTypes.set(moved.path, moved.mediaType);
        listOf(forgery, subject).artifacts.push(moved);
        for (const list of [signed, listOf(forgery, subject)]) list.discovery.included = list.artifacts.length;
      }),
    );
    expect(onlyFinding(report)).toMatchObject({
      code: 'ReferrerSubjectMismatch',
      subject,
      image: appReference,
      expected: subject,
      actual: sbom,
    });
    expect(report.subjects.find((one) => one.subject === subject)).toMatchObject({ expected: 2, found: 2, ok: 1 });
  });

  it.each([
    ['artifactType', 'application/spdx+json'],
    ['category', 'vex'],
    ['annotations', { a: 'b' }],
  ])('is told when it gives a referrer another %s', async (field, value) => {
    expect(await codes((forgery) => Object.assign(artifactOf(forgery, subject), { [field]: value }))).toEqual([
      'OciManifestInvalid',
    ]);
  });

  it('is told when a referrer is in no list', async () => {
    const signature = app.signature.descriptor.digest;
    const drop = (forgery: Forgery): void => {
      const list = listOf(forgery, sbom);
      list.artifacts = [];
      list.discovery.included = 0;
      const { subjects } = forgery.record.referrers;
      forgery.record.referrers.subjects = subjects.filter((one) => one.subject !== signature);
    };
    expect(await codes(drop)).toEqual(['ReferrerUnexpected', 'OrphanedReferrer']);
    const withoutFile = (forgery: Forgery): void => {
      drop(forgery);
      forgery.contents.delete(referrerPath(sbom, signature));
    };
    const report = await validate(await forged(bundle, withoutFile));
    const orphan = { code: 'OrphanedReferrer', severity: 'warning', digest: signature, subject: sbom };
    expect(onlyFinding(report)).toMatchObject(orphan);
    expect(report.ok).toBe(true);
    expect((await validate(await forged(bundle, withoutFile), { strict: true })).ok).toBe(false);
  });

  it('is told when a listed referrer has no file', async () => {
    expect(await codes(({ contents }) => contents.delete(sbomPath))).toEqual(['ReferrerMissing']);
  });

  it('is told when content that a manifest names was left out, unless it is external', async () => {
    const { digest, size } = app.image.blobs.at(-1)?.descriptor ?? app.image.descriptor;
    const drop = ({ contents }: Forgery): boolean => contents.delete(blobPath(digest));
    const report = await validate(await forged(bundle, drop));
    expect(onlyFinding(report)).toMatchObject({ code: 'BlobMissing', digest, image: appReference });
    const declare = (forgery: Forgery, externalSize: number): void => {
      drop(forgery);
      forgery.record.external.push({ digest, size: externalSize, reason: 'delta' });
    };
    expect(
      await codes((forgery) => {
        declare(forgery, size);
      }),
    ).toEqual(['ExternalBlob']);
    expect(
      await codes((forgery) => {
        declare(forgery, size + 1);
      }),
    ).toEqual(['BlobSizeMismatch', 'ExternalBlob']);
  });

  it('is told when its index.json shows other tools something else', async () => {
    const indexJson = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    expect(await codes((forgery) => Object.assign(forgery, { indexJson }))).toEqual(['DerivedFileMismatch']);
  });

  it('is told when it smuggles a blob', async () => {
    const bytes = Buffer.from('smuggled');
    expect(await codes(({ contents }) => contents.set(placeOf(bytes).path, bytes))).toEqual(['EntryUnexpected']);
  });

  it('is told when a manifest is hidden from the validator as plain content', async () => {
    expect(await codes(({ mediaTypes: types }) => types.delete(blobPath(subject)))).toContain('OciManifestInvalid');
  });

  it.each([
    ['two JSON values', '{}{}'],
    ['duplicate keys', '{"schemaVersion":2,"schemaVersion":2}'],
    ['a manifest that is an index too', '{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}'],
  ])('is told when it holds a manifest that is %s', async (_name, text) => {
    const bytes = Buffer.from(text);
    const { path } = placeOf(bytes);
    const add = ({ contents, mediaTypes: types }: Forgery): void => {
      contents.set(path, bytes);
      types.set(path, mediaTypes.ociManifest);
    };
    expect(await codes(add)).toEqual(['OciManifestInvalid']);
  });

  it('is told when an image lacks what was required, by the bundle or by the caller', async () => {
    const require = (artifactType: string, min: number): Promise<readonly FindingCode[]> =>
      codes(({ record }) => record.requireReferrers.push({ artifactType, min }));
    expect(await require(sbomType, 1)).toEqual([]);
    expect(await require(sbomType, 2)).toEqual(['ReferrerRequiredMissing']);
    // The fixture's signature is one of the SBOM, not of the image.
    expect(await require(signatureType, 1)).toEqual(['ReferrerRequiredMissing']);
    const report = await validate(bundle, { requireReferrers: [{ artifactType: 'application/x', min: 1 }] });
    expect(onlyFinding(report)).toMatchObject({ image: appReference, expected: '1', actual: '0' });
  });

  it('is told when discovery was not confirmed: a warning, an error when asked', async () => {
    const doubt = await forged(bundle, (forgery) => {
      listOf(forgery, subject).discovery.complete = false;
      forgery.record.complete = false;
    });
    const plain = await validate(doubt);
    expect(onlyFinding(plain)).toMatchObject({ code: 'DiscoveryIncomplete', severity: 'warning' });
    expect(plain.ok).toBe(true);
    expect((await validate(doubt, { checkReferrers: true })).ok).toBe(false);
    expect((await validate(doubt, { strict: true })).ok).toBe(false);
  });

  it('is told when it has expired', async () => {
    const expires = (at: string): Promise<readonly FindingCode[]> =>
      codes(({ record }) => Object.assign(record, { expiresAt: at }));
    expect(await expires('2020-01-01T00:00:00Z')).toEqual(['BundleExpired']);
    expect(await expires('2999-01-01T00:00:00Z')).toEqual([]);
  });

  it.each<[string, (forgery: Forgery) => unknown]>([
    ['counts', (forgery) => Object.assign(listOf(forgery, subject).discovery, { included: 7 })],
    ['a path', (forgery) => Object.assign(artifactOf(forgery, subject), { path: referrerPath(sbom, sbom) })],
    ['a sha256', (forgery) => Object.assign(artifactOf(forgery, subject), { sha256: '0'.repeat(64) })],
    ['completeness', ({ record }) => Object.assign(record, { complete: false })],
    ['a reference', (forgery) => Object.assign(listOf(forgery, subject), { reference: 'NO reference' })],
    ['lists', (forgery) => forgery.record.referrers.subjects.push(listOf(forgery, subject))],
  ])('is told when its record contradicts itself in %s', async (_name, edit) => {
    expect(await codes(edit)).toContain('BundleRecordInvalid');
  });
});

describe('a bundle with some platforms of an image', () => {
  const build = (architecture: string): TestContent =>
    buildImage({ layers: [Buffer.from(architecture)], platform: { os: 'linux', architecture } });
  const arm = build('arm64');
  const index = buildIndex([arm, build('amd64')]);

  it('is valid, and is not when the record hides what is missing', async () => {
    const writer = new BundleWriter({ compression: 'none', layoutReferrers: 'untagged', platforms: ['linux/amd64'] });
    writer.add({ source: new MemorySource([index]), reference: appReference, descriptor: index.descriptor });
    const bundle = await bytesOf(writer);
    expect((await validate(bundle, { strict: true })).findings).toEqual([]);
    const hidden = await forged(bundle, ({ record: { images } }) => {
      for (const image of images) image.platforms.missing = [];
    });
    const { findings } = await validate(hidden);
    expect(findings).toMatchObject([
      { code: 'BundleRecordInvalid', image: appReference, actual: 'included linux/amd64; missing none' },
      { code: 'BlobMissing', digest: arm.descriptor.digest },
    ]);
  });
});
