import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buildArtifact, buildImage, buildIndex } from '@stellaops/oci-referrers/testing';
import { expect, it } from 'vitest';
import { pagePath, renderPage } from '../../../scripts/bundle-format/page.js';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleWriterOptions } from '../../../src/bundle/bundle-writer-options.js';
import { referrersTag } from '../../../src/oci/referrers-tag.js';
import { filesOfBundle, idOf, type SecondRecord, store, tar } from '../../support/second-writer.js';
import { bytesOf, filesOf } from '../bundle-read/bundles.js';
import { MemorySource, sbomType, signatureType } from '../bundle-write/helpers.js';

const root = new URL('../../../', import.meta.url);
const page = await readFile(new URL(pagePath, root), 'utf8');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

it('docs/bundle-format.md shows what the writer writes today; npm run docs:bundle-format writes it', async () => {
  expect(page).toBe(await renderPage(root));
});

it('every code stands with what has to hold', () => {
  const listed = page.split('<!-- begin findings: ')[1]?.split('<!-- end findings -->')[0] ?? '';
  const codes = [...listed.matchAll(/^\| `(\w+)` \|/gm)].map(([, code = '']) => code);
  const rules = page.slice(0, page.indexOf('\n## Findings'));
  expect(codes.filter((code) => !rules.includes(`\`${code}\``))).toEqual([]);
  expect(codes.length).toBeGreaterThan(30);
});

/** The text of the first code block between two markers. */
function blockOf(name: string): string {
  const section = page.split(`<!-- begin ${name}: `)[1]?.split(`<!-- end ${name} -->`)[0] ?? '';
  return /```\w+\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
}

it('the worked example can be made from its page alone, to the last byte', () => {
  const section = page.split('<!-- begin content: ')[1]?.split('<!-- end content -->')[0] ?? '';
  const blobs = new Map(
    [...section.matchAll(/`blobs\/(\w+)\/(\w+)`\n\n```text\n([\s\S]*?)```/g)].map(([, algorithm, hex, text = '']) => {
      const bytes = Buffer.from(text === 'hello\n' ? text : text.trimEnd());
      expect(sha256(bytes)).toBe(hex);
      return [`${algorithm ?? ''}:${hex ?? ''}`, bytes];
    }),
  );
  const files = new Map(filesOfBundle(blockOf('record'), blobs));
  expect(files.get('manifest.yaml')?.toString()).toBe(blockOf('manifest'));
  expect(files.get('checksums.sha256')?.toString()).toBe(blockOf('checksums'));
  expect(`${files.get('index.json')?.toString() ?? ''}\n`).toBe(blockOf('index'));
  expect(idOf(JSON.parse(blockOf('record')) as SecondRecord)).toBe(`sha256:${sha256(Buffer.from(blockOf('lines')))}`);
  const plain = tar([...files]);
  expect(page).toContain(`| \`none\` | ${plain.length} | \`${sha256(plain)}\` |`);
  expect(page).toContain(`| \`store\` | ${store(plain).length} | \`${sha256(store(plain))}\` |`);
});

it('the signature of the example verifies with the key of RFC 8032, by what the page says is signed', () => {
  const { dsseEnvelope } = JSON.parse(blockOf('signature')) as {
    dsseEnvelope: { payload: string; signatures: { sig: string }[] };
  };
  const payload = Buffer.from(dsseEnvelope.payload, 'base64');
  expect(`${payload.toString()}\n`).toBe(blockOf('payload'));
  expect(payload.toString()).toContain(`"sha256":"${sha256(Buffer.from(blockOf('record')))}"`);
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const signed = Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} ${payload.toString()}`);
  expect(verify(null, signed, key, Buffer.from(dsseEnvelope.signatures[0]?.sig ?? '', 'base64'))).toBe(true);
});

it.each<[string, BundleWriterOptions]>([
  ['two repositories, sha512 and an older tag', {}],
  ['one platform of two, with times', { platforms: ['linux/amd64'], createdAt: '2026-01-27T10:00:00Z' }],
])('a writer made from the page gives the same bytes for %s', async (_name, options) => {
  const amd64 = buildImage({ platform: { os: 'linux', architecture: 'amd64' }, layers: [Buffer.alloc(70_000, 5)] });
  const arm64 = buildImage({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
  const index = buildIndex([amd64, arm64]);
  const annotations = {
    '10': 'ten\u202e\u0085\t"\\',
    '9': 'nine',
    on: 'x',
    'a b': '',
    [`k${'e'.repeat(200)}y`]: 'long',
  };
  const sbom = buildArtifact({ artifactType: sbomType, subject: amd64.descriptor, content: 'sbom', annotations });
  const statement = { subject: sbom.descriptor, content: 'provenance', annotations: { predicateType: 'p' } };
  const provenance = buildArtifact({ artifactType: 'application/vnd.in-toto+json', ...statement });
  const cosigned = buildArtifact({ artifactType: 'application/vnd.oci.image.config.v1+json', content: 'cosign' });
  const single = buildImage({ algorithm: 'sha512' });
  const long = buildIndex([], { artifactType: signatureType, subject: single.descriptor, algorithm: 'sha512' });
  const app = new MemorySource([index, sbom, provenance]);
  app.addLegacy(amd64.descriptor, `${referrersTag(amd64.descriptor.digest)}.sig`, cosigned);
  const reference = 'registry.example.com/team/app:1.2';
  const writer = new BundleWriter({ ...options, compression: 'store' });
  writer.add({ source: app, reference, descriptor: index.descriptor });
  if (options.platforms === undefined) {
    const digest = `127.0.0.1:5000/web@${single.descriptor.digest}`;
    writer.add({ source: new MemorySource([single, long]), reference: digest, descriptor: single.descriptor });
  }
  const written = await bytesOf(writer);
  const files = await filesOf(written);
  const byDigest = new Map(
    files.flatMap(([path, bytes]) => {
      const [kind, algorithm = '', hex = ''] = path.split('/');
      return kind === 'blobs' ? [[`${algorithm}:${hex}`, Buffer.from(bytes)] as const] : [];
    }),
  );
  const record = String(files.find(([path]) => path === 'bundle.json')?.[1]);
  const again = filesOfBundle(record, byDigest);
  expect(again.map(([path, bytes]) => `${path}\n${bytes.toString()}`)).toEqual(
    files.map(([path, bytes]) => `${path}\n${bytes.toString()}`),
  );
  expect(store(tar(again)).equals(written)).toBe(true);
  expect(idOf(JSON.parse(record) as SecondRecord)).toBe((JSON.parse(record) as SecondRecord).bundleId);
});
