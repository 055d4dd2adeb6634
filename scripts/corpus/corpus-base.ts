import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { buildArtifact, buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { BundleWriter } from '../../src/bundle/bundle-writer.js';
import { encodeEntryHeader, endOfArchive } from '../../src/bundle/tar-header.js';
import { MemorySource } from '../../test/support/memory-source.js';
import { fileOf, filesOf, patchHeader, type TestFile } from '../../test/unit/bundle-read/archives.js';

/** The real bundle that every case is made from, taken apart. */
export interface CorpusBase {
  /** The bundle as our writer wrote it, as a plain tar. */
  readonly tar: Buffer;
  /** Its files, in the order of the archive. */
  readonly files: readonly TestFile[];
  /** An index of two platforms. */
  readonly image: TestContent;
  /** Refers to the index. */
  readonly sbom: TestContent;
  /** Refers to the SBOM. */
  readonly signature: TestContent;
}

export const corpusReference = 'registry.example.com/team/app:1.2';

/** Writes the bundle: an index of two platforms, an SBOM of each manifest, and a signature of the SBOM of the index. */
export async function buildCorpusBase(): Promise<CorpusBase> {
  const platforms = ['arm64', 'amd64'].map((architecture) =>
    buildImage({ layers: [Buffer.from(`a layer of ${architecture}\n`)], platform: { os: 'linux', architecture } }),
  );
  const image = buildIndex(platforms);
  const [sbom, ...others] = [image, ...platforms].map((subject, turn) =>
    buildArtifact({
      artifactType: 'application/vnd.cyclonedx+json',
      subject: subject.descriptor,
      content: `{"bomFormat":"CycloneDX","version":${turn}}`,
      annotations: { 'org.opencontainers.image.created': '2026-01-27T10:00:00Z' },
    }),
  );
  if (sbom === undefined) throw new Error('unreachable');
  const artifactType = 'application/vnd.cncf.notary.signature';
  const signature = buildArtifact({ artifactType, subject: sbom.descriptor, content: 'signed' });
  const source = new MemorySource([image, sbom, ...others, signature]);
  const writer = new BundleWriter({
    compression: 'none',
    layoutReferrers: 'untagged',
    createdAt: '2026-01-27T10:00:00Z',
    expiresAt: '2999-01-01T00:00:00Z',
    requireReferrers: [{ artifactType: 'application/vnd.cyclonedx+json', min: 1 }],
  });
  writer.add({ source, reference: corpusReference, descriptor: image.descriptor });
  const sink = new PassThrough();
  const [tar] = await Promise.all([buffer(sink), writer.write(sink)]);
  return { tar, files: await filesOf(tar), image, sbom, signature };
}

/** What an entry is made of when it is not one of ours; the header's checksum is right. */
export interface HostileEntry {
  readonly name: string | Buffer;
  readonly type?: string | undefined;
  /** Content that follows the header. */
  readonly content?: string | Buffer | undefined;
  /** The size field as it stands; what `content` has by default. */
  readonly size?: string | Buffer | undefined;
  readonly link?: string | undefined;
}

/** Writes the header and content of one hostile entry. */
export function hostileEntry({ name, type = '0', content = '', size, link = '' }: HostileEntry): Buffer {
  const plain = fileOf('placeholder', content);
  const fields: readonly (readonly [number, string | Buffer])[] = [
    [0, Buffer.concat([Buffer.from(name), Buffer.alloc(100)]).subarray(0, 100)],
    [156, type],
    [157, link],
    ...(size === undefined ? [] : [[124, size] as const]),
  ];
  return fields.reduce((bytes, [offset, value]) => patchHeader(bytes, offset, value), plain);
}

/** A PAX or GNU header of the given content, in front of whatever follows. */
export function extensionHeader(content: string | Buffer, type = 'x', size = Buffer.from(content).length): Buffer {
  const bytes = Buffer.from(content);
  const header = patchHeader(encodeEntryHeader('PaxHeader', size), 156, type);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** One PAX record, with its length as it has to be. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

/** The archive with something between its metadata and its first blob: the record has been read by then. */
export function withEntries({ files }: CorpusBase, ...raw: readonly Buffer[]): Buffer {
  const at = files.findIndex(([path]) => path.startsWith('blobs/'));
  const members = files.map(([path, content]) => fileOf(path, content));
  return Buffer.concat([...members.slice(0, at), ...raw, ...members.slice(at), endOfArchive]);
}

/** The archive with one of its members as somebody else would write it: header, content and padding. */
export function withMember({ files }: CorpusBase, path: string, change: (member: Buffer) => Buffer): Buffer {
  const members = files.map(([name, content]) =>
    name === path ? change(fileOf(name, content)) : fileOf(name, content),
  );
  return Buffer.concat([...members, endOfArchive]);
}

/** The archive after a change of its files; every header is right. */
export function withFiles({ files }: CorpusBase, change: (files: readonly TestFile[]) => readonly TestFile[]): Buffer {
  return Buffer.concat([...change(files).map(([path, content]) => fileOf(path, content)), endOfArchive]);
}

/** The first blob, which hostile members take the place of. */
export function firstBlob({ files }: CorpusBase): string {
  return files.find(([path]) => path.startsWith('blobs/'))?.[0] ?? '';
}

/** What may follow a file that should have ended. */
export const corpusTails: readonly (readonly [string, Buffer])[] = [
  ['a text', Buffer.from('garbage')],
  ['a NUL and a text', Buffer.from('\0garbage')],
  ['a zero byte', Buffer.alloc(1)],
];
