import { buildArtifact, buildImage } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleWriterOptions } from '../../../src/bundle/bundle-writer-options.js';
import { referrersTag } from '../../../src/oci/referrers-tag.js';
import { appReference, MemorySource } from './helpers.js';

const image = buildImage();
const sigstoreType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const configType = 'application/vnd.oci.image.config.v1+json';
const attach = (artifactType: string, annotations?: Record<string, string>): ReturnType<typeof buildArtifact> =>
  buildArtifact({
    artifactType,
    subject: image.descriptor,
    content: artifactType,
    ...(annotations && { annotations }),
  });
const artifacts = [
  attach('application/vnd.cyclonedx+json'),
  attach('application/vnd.openvex+json'),
  attach('application/vnd.cncf.notary.signature'),
  attach(sigstoreType, { 'dev.sigstore.bundle.content': 'dsse-envelope' }),
  attach('application/x-notes'),
];

/** Plans a bundle of the image with one referrer of each category, and a signature under an older tag. */
async function plan(options: BundleWriterOptions): Promise<{ kept: readonly string[]; filtered: number | undefined }> {
  const source = new MemorySource([image, ...artifacts]);
  const cosigned = buildArtifact({ artifactType: configType, content: 'cosign' });
  source.addLegacy(image.descriptor, `${referrersTag(image.descriptor.digest)}.sig`, cosigned);
  const writer = new BundleWriter(options).add({ source, reference: appReference, descriptor: image.descriptor });
  const { subjects } = await writer.plan();
  const kept = subjects[0]?.artifacts.map(({ category }) => category).sort() ?? [];
  return { kept, filtered: subjects[0]?.discovery.filtered };
}

test('referrers are chosen by category, with what a type alone does not tell, and what is left out is counted', async () => {
  expect(await plan({ categories: ['sbom', 'vex'] })).toEqual({ kept: ['sbom', 'vex'], filtered: 4 });
  expect(await plan({ categories: ['attestation'] })).toEqual({ kept: ['attestation'], filtered: 5 });
  expect(await plan({ categories: ['signature'] })).toEqual({ kept: ['signature', 'signature'], filtered: 4 });
  const without = await plan({ excludeCategories: ['other', 'signature', 'attestation'] });
  expect(without).toEqual({ kept: ['sbom', 'vex'], filtered: 4 });
});

test('a referrer must pass the filter of types and that of categories', async () => {
  expect((await plan({ categories: ['sbom'], excludeArtifactTypes: ['application/vnd.cyclonedx+json'] })).kept).toEqual(
    [],
  );
  expect((await plan({ categories: ['sbom'], excludeCategories: ['sbom'] })).kept).toEqual([]);
  expect((await plan({ categories: [] })).kept).toHaveLength(6);
});

test.each<[string, BundleWriterOptions, string, boolean]>([
  ['leaves out', { excludeCategories: ['sbom'] }, 'application/spdx+json', false],
  ['does not keep', { categories: ['vex'] }, 'application/spdx+json', false],
  ['keeps', { categories: ['sbom'] }, 'application/spdx+json', true],
  ['may keep, as an attestation,', { categories: ['attestation'] }, sigstoreType, true],
  ['may keep, under an older tag,', { categories: ['signature'], legacyTags: true }, configType, true],
])(
  'a requirement of what a filter of categories %s is judged when the writer is made',
  (_how, options, artifactType, isFine) => {
    const make = (): BundleWriter => new BundleWriter({ ...options, requireReferrers: [{ artifactType, min: 1 }] });
    if (isFine) expect(make).not.toThrow();
    else
      expect(make).toThrow(expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION', argument: 'requireReferrers' }));
  },
);
