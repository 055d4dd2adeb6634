import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { buildArtifact, buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleWriterOptions } from '../../../src/bundle/bundle-writer-options.js';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { referrersTag } from '../../../src/oci/referrers-tag.js';
import { MemorySource, sbomType, signatureType } from './helpers.js';

const amd64 = buildImage({ platform: { os: 'linux', architecture: 'amd64' } });
const arm64 = buildImage({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
const index = buildIndex([amd64, arm64]);
const single = buildImage({ layers: [Buffer.alloc(200_000, 5), Buffer.from('x')], algorithm: 'sha512' });
const sbom = attach(amd64, sbomType, 'sbom');
const attestation = attach(sbom, 'application/vnd.in-toto+json', 'provenance');
const signature = attach(index, signatureType, 'signature');
const listed = buildIndex([], { artifactType: signatureType, subject: single.descriptor, algorithm: 'sha512' });
const cosigned = buildArtifact({ artifactType: 'application/vnd.oci.image.config.v1+json', content: 'cosign' });

function attach(subject: TestContent, artifactType: string, content: string): TestContent {
  const annotations = { content, '10': 'ten', '9': 'nine' };
  return buildArtifact({ artifactType, subject: subject.descriptor, content, annotations });
}

async function writeBundle(options: BundleWriterOptions): Promise<Buffer> {
  const app = new MemorySource([index, sbom, attestation, signature]);
  app.addLegacy(amd64.descriptor, `${referrersTag(amd64.descriptor.digest)}.sig`, cosigned);
  const web = new MemorySource([single, listed]);
  const writer = new BundleWriter(options)
    .add({ source: app, reference: 'registry.example.com/team/app:1.2', descriptor: index.descriptor })
    .add({ source: app, reference: 'registry.example.com/team/app:again', descriptor: index.descriptor });
  // A platform can be chosen of an index only.
  const reference = `127.0.0.1:5000/web@${single.descriptor.digest}`;
  if (options.platforms === undefined) writer.add({ source: web, reference, descriptor: single.descriptor });
  const stream = new PassThrough();
  const [bytes] = await Promise.all([buffer(stream), writer.write(stream)]);
  return bytes;
}

test.each<[string, BundleWriterOptions]>([
  ['all referrers', {}],
  ['a plain tar', { compression: 'none' }],
  ['compressed content', { compression: 'deflate' }],
  ['untagged referrers only', { layoutReferrers: 'untagged' }],
  ['tag-schema indexes only', { layoutReferrers: 'tag-schema' }],
  ['no referrers in the layout', { layoutReferrers: 'none' }],
  ['one platform of two', { platforms: ['linux/amd64'] }],
  ['signatures only', { artifactTypes: [signatureType] }],
  ['a requirement', { requireReferrers: [{ artifactType: signatureType, min: 1 }] }],
])('a bundle with %s passes the strict validator without a finding', async (_name, options) => {
  const report = await new ImportValidator({ strict: true }).validate(Readable.from([await writeBundle(options)]));
  expect(report.findings).toEqual([]);
  expect(report.ok).toBe(true);
});
