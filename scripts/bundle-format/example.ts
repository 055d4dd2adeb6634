import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { BundleReader } from '../../src/bundle/bundle-reader.js';
import { BundleWriter } from '../../src/bundle/bundle-writer.js';
import type { BundleRecord } from '../../src/bundle/record.js';
import { preAuthEncoding } from '../../src/bundle/signing/pae.js';
import { emitSignatureFile } from '../../src/bundle/signing/signature-file.js';
import { statementOf } from '../../src/bundle/signing/statement.js';
import { readPublicKey } from '../../src/bundle/signing/trusted-key.js';
import type { ReferrersSource } from '../../src/content/sources.js';
import type { Descriptor } from '../../src/oci/descriptor.js';
import { buildArtifact, buildImage, type TestContent } from '../../src/testing/index.js';

/** One entry of the example, and where it stands in the tar. */
export interface ExampleEntry {
  readonly path: string;
  /** Where its content starts; its header is before it. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** The bundle of docs/bundle-format.md, once as a plain tar and once in stored gzip. */
export interface ExampleBundle {
  readonly record: BundleRecord;
  readonly entries: readonly ExampleEntry[];
  readonly plain: Buffer;
  readonly stored: Buffer;
}

const reference = 'registry.example.com/team/app:1.0';

/** Writes the example with the real writer, from content that never changes. */
export async function writeExample(): Promise<ExampleBundle> {
  const [plain, stored] = [await write('none'), await write('store')];
  await using reader = new BundleReader(Readable.from([plain]));
  const entries: ExampleEntry[] = [];
  for await (const entry of reader) {
    entries.push({ path: entry.path, offset: entry.offset, bytes: await entry.bytes(plain.length) });
  }
  const text = entries.find(({ path }) => path === 'bundle.json')?.bytes.toString() ?? '';
  return { record: JSON.parse(text) as BundleRecord, entries, plain, stored };
}

/** A key that is printed in a standard: its signatures can be shown, and prove nothing. */
const publishedKey = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex').toString('base64url'),
  x: Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex').toString('base64url'),
};

/** Signs the example with a key that everybody has (RFC 8032, section 7.1, test 1). */
export function signExample(record: BundleRecord): Buffer {
  const payload = statementOf(record);
  const key = createPrivateKey({ key: publishedKey, format: 'jwk' });
  const { hint } = readPublicKey(createPublicKey(key), 'the published key');
  return emitSignatureFile({ hint, payload, signature: sign(null, preAuthEncoding(payload), key) });
}

async function write(compression: 'none' | 'store'): Promise<Buffer> {
  const image = buildImage({ layers: [Buffer.from('hello\n')] });
  const sbom = buildArtifact({
    artifactType: 'application/vnd.cyclonedx+json',
    subject: image.descriptor,
    content: '{"bomFormat":"CycloneDX","specVersion":"1.6"}',
    annotations: { 'org.opencontainers.image.created': '2026-01-27T10:00:00Z' },
  });
  const provenance = buildArtifact({
    artifactType: 'application/vnd.in-toto+json',
    subject: image.descriptor,
    content: '{"_type":"https://in-toto.io/Statement/v1"}',
    annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' },
  });
  const requireReferrers = [{ artifactType: 'application/vnd.cyclonedx+json', min: 1 }];
  const writer = new BundleWriter({ compression, createdAt: '2026-01-27T10:00:00Z', requireReferrers });
  writer.add({ source: sourceOf(image, [sbom, provenance]), reference, descriptor: image.descriptor });
  const sink = new PassThrough();
  const [bytes] = await Promise.all([buffer(sink), writer.write(sink)]);
  return bytes;
}

/** A repository that holds one image and what refers to it. */
function sourceOf(image: TestContent, referrers: readonly TestContent[]): ReferrersSource {
  const all = [image, ...referrers];
  const content = new Map(
    all.flatMap(({ descriptor, manifest, blobs }) => [
      [descriptor.digest, manifest] as const,
      ...blobs.map((blob) => [blob.descriptor.digest, blob.bytes] as const),
    ]),
  );
  return {
    fetch: ({ digest }) => Promise.resolve(Readable.from([content.get(digest) ?? Buffer.alloc(0)])),
    listReferrers: (subject: Descriptor) =>
      Promise.resolve({
        subject,
        referrers: subject.digest === image.descriptor.digest ? referrers.map(({ descriptor }) => descriptor) : [],
        source: 'api',
        legacy: [],
        filterAppliedBy: 'none',
        pages: 1,
        host: 'registry.example.com',
        attempts: [],
        warnings: [],
      }),
  };
}
