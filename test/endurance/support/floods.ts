import { buildArtifact, buildImage } from '@stellaops/oci-referrers/testing';
import { type CorpusBase, withFiles } from '../../../scripts/corpus/corpus-base.js';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { bundleIdOf, canonicalRecord } from '../../../src/bundle/canonical-record.js';
import type { BundleRecord } from '../../../src/bundle/record.js';
import { encodeEntryHeader, endOfArchive } from '../../../src/bundle/tar-header.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import { forged, put } from '../../unit/bundle-read/forge.js';
import { appReference, MemorySource, sbomType } from '../../unit/bundle-write/helpers.js';

const hex = (at: number): string => at.toString(16).padStart(64, '0');
const digest = (at: number): string => `sha256:${hex(at)}`;
const items = (count: number, item: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => item(at)).join();

/** The archive with one of its files replaced. */
export function replaced(base: CorpusBase, path: string, content: Buffer | string): Buffer {
  return withFiles(base, (files) => files.map(([name, old]) => [name, name === path ? content : old]));
}

/** Texts that take the place of one member of `bundle.json`, each close to what is read of a record at most. */
export const recordFloods: readonly (readonly [what: string, member: keyof BundleRecord, text: string])[] = [
  ['240,000 empty objects', 'entries', `[${items(240_000, () => '{}')}]`],
  ['240,000 objects with a key of their own', 'entries', `[${items(240_000, (at) => `{"k${at}":0}`)}]`],
  ['a text of 23 MiB', 'generator', `"\u4e2d${'x'.repeat(23 * 2 ** 20)}"`],
  [
    'an image with 480,000 platforms',
    'images',
    `[{"reference":"r","digest":"${digest(1)}","mediaType":"a/b","size":1,"platforms":{"included":[${items(480_000, (at) => `"${String(at).padStart(40, 'x')}"`)}],"missing":[]}}]`,
  ],
  [
    '120,000 external blobs',
    'external',
    `[${items(120_000, (at) => `{"digest":"${digest(at)}","size":1,"reason":"delta"}`)}]`,
  ],
  ['40,000 lists', 'referrers', `{"subjects":[${items(40_000, (at) => list(at, ''))}]}`],
  [
    '50,000 referrers with annotations',
    'referrers',
    `{"subjects":[${list(
      1,
      items(50_000, (at) => artifact(at, `"a${at}":""`)),
    )}]}`,
  ],
  [
    '480,000 annotations',
    'referrers',
    `{"subjects":[${list(
      1,
      items(480, (at) =>
        artifact(
          at,
          items(990, (key) => `"k${key}":""`),
        ),
      ),
    )}]}`,
  ],
];

function list(at: number, artifacts: string): string {
  const discovery = '{"source":"api","host":"h","complete":true,"found":0,"included":0,"filtered":0}';
  return `{"subject":"${digest(at)}","reference":"r","discovery":${discovery},"artifacts":[${artifacts}]}`;
}

function artifact(at: number, annotations: string): string {
  return `{"digest":"${digest(at)}","mediaType":"a/b","size":1,"path":"p","sha256":"${hex(at)}","category":"sbom","annotations":{${annotations}}}`;
}

/** The bundle with another text for one member of its record. */
export function withMember(base: CorpusBase, member: keyof BundleRecord, text: string): Buffer {
  const record = { ...recordOf(base), [member]: '@@' };
  return replaced(
    base,
    'bundle.json',
    JSON.stringify(record).replace('"@@"', () => text),
  );
}

/** The bundle with a record, in its canonical form, that lists 85,000 blobs more: 19 MiB. */
export function withManyEntries(base: CorpusBase): Buffer {
  const record = recordOf(base);
  const many = Array.from({ length: 85_000 }, (_, at) => ({
    path: `blobs/sha256/${hex(at)}`,
    size: 1,
    digest: digest(at),
  }));
  const isBlob = ({ path }: { readonly path: string }): boolean => path.startsWith('blobs/');
  const blobs = [...record.entries.filter(isBlob), ...many].sort((a, b) => (a.path < b.path ? -1 : 1));
  const entries = [...record.entries.filter((entry) => !isBlob(entry)), ...blobs];
  const bundleId = bundleIdOf(entries, record.external);
  return replaced(base, 'bundle.json', canonicalRecord({ ...record, entries, bundleId }));
}

/** The layout with a number of empty files more, each in directories of its own. */
export function withManyFiles({ tar }: CorpusBase, count: number, directories: string): Buffer {
  const headers = Array.from({ length: count }, (_, at) => encodeEntryHeader(`${at}/${directories}${hex(at)}`, 0));
  return Buffer.concat([tar.subarray(0, -endOfArchive.length), ...headers, endOfArchive]);
}

/** An `index.json` with 95,000 descriptors of manifests: 14 MiB. */
export function floodedIndex(): string {
  const descriptor = (at: number): string =>
    `{"mediaType":"${mediaTypes.ociManifest}","digest":"${digest(at)}","size":1}`;
  return `{"schemaVersion":2,"manifests":[${items(95_000, descriptor)}]}`;
}

/**
 * The bundle with an image of 7,500 manifests that have eight layers each: 10 MiB that agree with themselves.
 *
 * @param external - blobs, those layers among them, that the record says are elsewhere
 */
export async function withManyManifests(base: CorpusBase, external = 0): Promise<Buffer> {
  return await forged(base.tar, (forgery) => {
    for (let at = 0; at < external; at++) {
      forgery.record.external.push({ digest: digest(at), size: 1, reason: 'delta' });
    }
    const layer = (at: number): string => `{"mediaType":"a/b","digest":"${digest(at)}","size":1}`;
    const manifests = Array.from({ length: 7_500 }, (_, at) => {
      const layers = items(8, (turn) => layer(8 * at + turn));
      const text = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociManifest}","config":${layer(1)},"layers":[${layers}]}`;
      const bytes = Buffer.from(text);
      return {
        mediaType: mediaTypes.ociManifest,
        digest: put(forgery, bytes, mediaTypes.ociManifest),
        size: bytes.length,
      };
    });
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    const image = {
      digest: put(forgery, index, mediaTypes.ociIndex),
      mediaType: mediaTypes.ociIndex,
      size: index.length,
    };
    const platforms = { included: ['unknown/unknown'], missing: [] };
    forgery.record.images.push({ ...image, reference: 'registry.example.com/team/flood:1', platforms });
  });
}

/** Writes a bundle of one image with so many referrers. */
export async function writeManyReferrers(count: number, path: string): Promise<void> {
  const image = buildImage();
  const referrers = Array.from({ length: count }, (_, at) =>
    buildArtifact({
      artifactType: sbomType,
      subject: image.descriptor,
      content: `sbom ${at}`,
      annotations: { 'org.opencontainers.image.created': '2026-01-27T10:00:00Z' },
    }),
  );
  const source = new MemorySource([image, ...referrers]);
  const writer = new BundleWriter().add({ source, reference: appReference, descriptor: image.descriptor });
  await writer.write(path, { force: true });
}

function recordOf({ files }: CorpusBase): BundleRecord {
  return JSON.parse(files.find(([path]) => path === 'bundle.json')?.[1].toString() ?? '') as BundleRecord;
}
