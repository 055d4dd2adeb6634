import { buildArtifact, buildImage } from '@stellaops/oci-referrers/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { FindingCode } from '../../../src/bundle/finding.js';
import { referrersTag } from '../../../src/oci/referrers-tag.js';
import { appReference, MemorySource, sbomType, signatureType } from '../bundle-write/helpers.js';
import { app, appBundle, bytesOf, codesOf, validate } from './bundles.js';
import { artifactOf, type Forgery, forged } from './forge.js';

const subject = app.image.descriptor.digest;
const prefix = referrersTag(subject);

/** An image with two signatures under the older tags of cosign. */
async function cosignBundle(): Promise<Buffer> {
  const source = new MemorySource([app.image]);
  const artifacts = ['signed', 'attested'].map((content) => buildArtifact({ artifactType: signatureType, content }));
  const [sig, att] = artifacts;
  if (sig === undefined || att === undefined) throw new Error('unreachable');
  source.addLegacy(app.image.descriptor, `${prefix}.sig`, sig);
  source.addLegacy(app.image.descriptor, `${prefix}.att`, att);
  const writer = new BundleWriter({ compression: 'none', layoutReferrers: 'untagged' });
  return await bytesOf(writer.add({ source, reference: appReference, descriptor: app.image.descriptor }));
}

describe('a tag that a forged list gives to a referrer', () => {
  let bundle: Buffer;
  let cosigned: Buffer;
  beforeAll(async () => {
    bundle = await appBundle({ layoutReferrers: 'untagged' });
    cosigned = await cosignBundle();
  });
  const codes = async (of: Buffer, edit: (forgery: Forgery) => unknown): Promise<readonly FindingCode[]> =>
    codesOf(await validate(await forged(of, edit)));

  it('is fine where our writer put it', async () => {
    expect((await validate(cosigned, { strict: true })).findings).toEqual([]);
    expect(cosigned.includes(`${prefix}.att`)).toBe(true);
  });

  it.each([
    'latest',
    '1.2',
    prefix,
    '../x',
    `${prefix}.`,
    `${prefix}.a.b`,
    `${prefix}.sig/..`,
    `${prefix}.${'x'.repeat(200)}`,
  ])('cannot be %s', async (tag) => {
    expect(await codes(bundle, (forgery) => Object.assign(artifactOf(forgery, subject), { tag }))).toContain(
      'BundleRecordInvalid',
    );
    expect(await codes(cosigned, (forgery) => Object.assign(artifactOf(forgery, subject), { tag }))).toContain(
      'BundleRecordInvalid',
    );
  });

  it('cannot be that of another subject', async () => {
    const tag = `${referrersTag(app.sbom.descriptor.digest)}.sig`;
    expect(await codes(cosigned, (forgery) => Object.assign(artifactOf(forgery, subject), { tag }))).toContain(
      'BundleRecordInvalid',
    );
  });

  it('cannot be there for a manifest that names its subject', async () => {
    const tag = `${prefix}.extra`;
    expect(await codes(bundle, (forgery) => Object.assign(artifactOf(forgery, subject), { tag }))).toEqual([
      'ReferrerSubjectMismatch',
    ]);
  });

  it('cannot stand for two manifests', async () => {
    const tag = `${prefix}.sig`;
    const both = (forgery: Forgery): void => {
      for (const list of forgery.record.referrers.subjects) {
        for (const artifact of list.artifacts) Object.assign(artifact, { tag, category: 'signature' });
      }
    };
    expect(await codes(cosigned, both)).toContain('BundleRecordInvalid');
  });

  it('cannot be that of an image', async () => {
    const image = `${appReference.split(':')[0] ?? ''}:${prefix}.sig`;
    const name = ({ record }: Forgery): void => {
      for (const one of [...record.images, ...record.referrers.subjects]) one.reference = image;
    };
    expect(await codes(cosigned, name)).toEqual(['BundleRecordInvalid']);
  });
});

describe('what a source lists under an older tag', () => {
  const planned = async (tag: string, content: ReturnType<typeof buildArtifact>): Promise<unknown> => {
    const source = new MemorySource([app.image]);
    source.addLegacy(app.image.descriptor, tag, content);
    const writer = new BundleWriter().add({ source, reference: appReference, descriptor: app.image.descriptor });
    const { subjects } = await writer.plan();
    return subjects.flatMap(({ artifacts }) => artifacts.map((artifact) => artifact.tag));
  };

  it('keeps its tag only where its manifest names no subject', async () => {
    const tag = `${prefix}.sig`;
    const named = buildArtifact({ artifactType: sbomType, subject: app.image.descriptor, content: 'x' });
    expect(await planned(tag, named)).toEqual([undefined]);
    expect(await planned(tag, buildArtifact({ artifactType: sbomType, content: 'x' }))).toEqual([tag]);
  });

  it('stays outside under a tag that no bundle may have', async () => {
    const artifact = buildArtifact({ artifactType: sbomType, content: 'x' });
    expect(await planned('latest', artifact)).toEqual([]);
    const other = buildArtifact({ artifactType: sbomType, subject: buildImage({}).descriptor, content: 'x' });
    expect(await planned(`${prefix}.sig`, other)).toEqual([]);
  });
});
