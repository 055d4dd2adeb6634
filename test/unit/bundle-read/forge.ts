import { bundleIdOf } from '../../../src/bundle/canonical-record.js';
import { emitRecordFiles } from '../../../src/bundle/checksums.js';
import { compareEntries, digestInName } from '../../../src/bundle/entry-names.js';
import { blobPath } from '../../../src/bundle/entry-paths.js';
import { emitAttestationsIndex, emitReferrersIndex } from '../../../src/bundle/index-tables.js';
import { layoutIndex } from '../../../src/bundle/layout-index.js';
import type { BundleEntry, BundleRecord } from '../../../src/bundle/record.js';
import { repositoryOf } from '../../../src/bundle/repository-of.js';
import { digestOf, parseDigest } from '../../../src/oci/digest.js';
import { filesOf, tarOf } from './archives.js';

type Mutable<T> = T extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T;

/** What a forger may change; everything that follows from it is made anew, so that the bundle agrees with itself. */
export interface Forgery {
  readonly record: Mutable<BundleRecord>;
  /** Content of `referrers/` and `blobs/`, by path. */
  readonly contents: Map<string, Buffer>;
  /** Media types of entries, by path. */
  readonly mediaTypes: Map<string, string>;
  /** Set to put another index.json in. */
  indexJson?: Buffer;
  /** Other content of files that are made from the record and listed in it, by path. */
  readonly replaced: Map<string, Buffer>;
}

export type ForgedList = Forgery['record']['referrers']['subjects'][0];
export type ForgedArtifact = ForgedList['artifacts'][0];

/** The list of one subject. */
export function listOf({ record }: Forgery, subject: string): ForgedList {
  const list = record.referrers.subjects.find((one) => one.subject === subject);
  if (list === undefined) throw new Error('the fixture has no list');
  return list;
}

/** The first referrer of one subject. */
export function artifactOf(forgery: Forgery, subject: string): ForgedArtifact {
  const [artifact] = listOf(forgery, subject).artifacts;
  if (artifact === undefined) throw new Error('the fixture has no artifact');
  return artifact;
}

/** Puts content in, as a manifest where it has such a type; gives its digest. */
export function put({ contents, mediaTypes }: Forgery, bytes: Buffer, mediaType?: string): string {
  const { digest, path } = placeOf(bytes);
  contents.set(path, bytes);
  if (mediaType !== undefined) mediaTypes.set(path, mediaType);
  return digest;
}

/** Rewrites a bundle consistently, as somebody would who knows the format. */
export async function forged(bundle: Buffer, edit: (forgery: Forgery) => unknown): Promise<Buffer> {
  const files = new Map((await filesOf(bundle)).map(([path, content]) => [path, Buffer.from(content)]));
  const record = JSON.parse(files.get('bundle.json')?.toString() ?? '') as Mutable<BundleRecord>;
  const isContent = (path: string): boolean => /^(?:referrers|blobs)\//.test(path);
  const contents = new Map([...files].filter(([path]) => isContent(path)));
  const mediaTypes = new Map(record.entries.map(({ path, mediaType }) => [path, mediaType ?? '']));
  const forgery: Forgery = { record, contents, mediaTypes, replaced: new Map() };
  edit(forgery);
  const { subjects } = record.referrers;
  const namesSubject = (digest: string, subject: string): boolean =>
    subjectIn(contents.get(blobPath(digest))) === subject;
  const isNamed = subjects.every(({ reference }) => repositoryOf(reference) !== undefined);
  const layout = layoutIndex(record.images, isNamed ? subjects : [], 'untagged', namesSubject);
  const all = new Map([
    ...contents,
    ['oci-layout', files.get('oci-layout') ?? Buffer.alloc(0)],
    ['index.json', forgery.indexJson ?? layout.bytes],
    ['indexes/attestations.index.json', emitAttestationsIndex(subjects)],
    ['indexes/referrers.index.json', emitReferrersIndex(subjects)],
    ...forgery.replaced,
  ] as const);
  record.entries = [...all]
    .sort(([a], [b]) => compareEntries(a, b))
    .map(([path, bytes]) => entryOf(path, bytes, mediaTypes.get(path)));
  record.bundleId = bundleIdOf(record.entries, record.external);
  const derived = emitRecordFiles(record).map(({ path, bytes }) => [path, bytes] as const);
  // Nobody but who holds the key can make these anew.
  const signatures = [...files].filter(([path]) => path.startsWith('signatures/'));
  return tarOf([...all, ...derived, ...signatures].sort(([a], [b]) => compareEntries(a, b)));
}

/** Where content lies, by its digest. */
export function placeOf(bytes: Buffer): { digest: string; path: string } {
  const digest = digestOf(bytes);
  return { digest, path: `blobs/sha256/${parseDigest(digest).encoded}` };
}

function entryOf(path: string, bytes: Buffer, mediaType: string | undefined): Mutable<BundleEntry> {
  const digest = digestOf(bytes, digestInName(path)?.startsWith('sha512:') === true ? 'sha512' : 'sha256');
  return { path, size: bytes.length, digest, ...(mediaType ? { mediaType } : {}) };
}

/** A forger may have put anything in the place of a manifest. */
function subjectIn(bytes: Buffer | undefined): string | undefined {
  try {
    return (JSON.parse(bytes?.toString() ?? '{}') as { subject?: { digest?: string } }).subject?.digest;
  } catch {
    return undefined;
  }
}
