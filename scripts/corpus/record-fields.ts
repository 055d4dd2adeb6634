import { isDeepStrictEqual } from 'node:util';
import { canonicalRecord } from '../../src/bundle/canonical-record.js';
import { entryPaths } from '../../src/bundle/entry-paths.js';
import type { FindingCode } from '../../src/bundle/finding.js';
import type {
  BundleArtifact,
  BundleEntry,
  BundleImage,
  BundleRecord,
  BundleSubject,
  ExternalBlob,
  RequiredReferrer,
} from '../../src/bundle/record.js';
import { endOfArchive } from '../../src/bundle/tar-header.js';
import { fileOf, filesOf } from '../../test/unit/bundle-read/archives.js';
import { type Forgery, forged } from '../../test/unit/bundle-read/forge.js';
import type { CorpusBase } from './corpus-base.js';
import { type CorpusCase, type CorpusFamily, tarCase } from './corpus-case.js';

/** Another value of the right type, and what is told about it however well everything else agrees. */
type Wrong = readonly [value: unknown, ...codes: FindingCode[]];
/** One line per field: a field that is added to a record does not compile until it has one. */
type Fields<T> = { readonly [Field in keyof Required<T>]: Wrong };

const digest = `sha256:${'e'.repeat(64)}`;

const ofRecord: Fields<BundleRecord> = {
  schemaVersion: [2, 'VersionUnsupported'],
  bundleId: [digest, 'BundleRecordInvalid'],
  previousBundleId: [digest],
  createdAt: ['2020-01-01T00:00:00Z'],
  expiresAt: ['2020-01-01T00:00:00Z', 'BundleExpired'],
  generator: ['another program'],
  complete: [false, 'BundleRecordInvalid'],
  requireReferrers: [[]],
  images: [[], 'BundleRecordInvalid', 'EntryUnexpected'],
  referrers: [{ subjects: [] }, 'OrphanedReferrer', 'ReferrerRequiredMissing', 'ReferrerUnexpected'],
  entries: [[], 'BlobMissing', 'BundleRecordInvalid', 'EntryUnexpected', 'ReferrerMissing', 'ReferrerUnexpected'],
  external: [[{ digest, size: 1, reason: 'delta' }], 'ExternalBlob'],
};
const ofImage: Fields<BundleImage> = {
  reference: ['registry.example.com/team/other:1.2', 'BundleRecordInvalid', 'ReferrerRequiredMissing'],
  digest: [digest, 'BlobMissing', 'BundleRecordInvalid', 'EntryUnexpected', 'ReferrerRequiredMissing'],
  mediaType: ['application/vnd.oci.image.manifest.v1+json', 'OciManifestInvalid'],
  size: [7, 'BlobSizeMismatch'],
  platforms: [{ included: [], missing: [] }, 'BundleRecordInvalid'],
};
const ofPlatforms: Fields<BundleImage['platforms']> = {
  included: [['linux/riscv64'], 'BundleRecordInvalid'],
  missing: [['linux/riscv64'], 'BundleRecordInvalid'],
};
const ofEntry: Fields<BundleEntry> = {
  path: ['blobs/README', 'BlobMissing', 'BundleRecordInvalid', 'EntryMissing', 'EntryUnexpected'],
  size: [7, 'BlobSizeMismatch', 'BundleRecordInvalid'],
  digest: [digest, 'BlobChecksumMismatch', 'BundleRecordInvalid'],
  mediaType: ['application/vnd.oci.image.manifest.v1+json', 'BundleRecordInvalid', 'OciManifestInvalid'],
};
const ofExternal: Fields<ExternalBlob> = {
  digest: [digest, 'BlobMissing', 'ExternalBlob'],
  size: [7, 'BlobSizeMismatch', 'ExternalBlob'],
  reason: ['nondistributable', 'BlobMissing', 'ExternalBlob'],
};
const ofRequirement: Fields<RequiredReferrer> = {
  artifactType: ['application/spdx+json', 'ReferrerRequiredMissing'],
  min: [9, 'ReferrerRequiredMissing'],
};
const ofSubject: Fields<BundleSubject> = {
  subject: [digest, 'BundleRecordInvalid', 'ReferrerSubjectMismatch'],
  reference: ['registry.example.com/team/other:1.2', 'BundleRecordInvalid'],
  discovery: [
    { source: 'layout', host: 'h', complete: true, found: 0, included: 0, filtered: 0 },
    'BundleRecordInvalid',
  ],
  artifacts: [[], 'BundleRecordInvalid', 'OrphanedReferrer', 'ReferrerUnexpected'],
};
const ofDiscovery: Fields<BundleSubject['discovery']> = {
  source: ['tag-schema'],
  host: ['other.example.com'],
  complete: [false, 'BundleRecordInvalid', 'DiscoveryIncomplete'],
  found: [9],
  included: [9, 'BundleRecordInvalid'],
  filtered: [9],
};
const ofArtifact: Fields<BundleArtifact> = {
  digest: [digest, 'BlobMissing', 'BundleRecordInvalid', 'OrphanedReferrer'],
  artifactType: ['application/spdx+json', 'OciManifestInvalid'],
  mediaType: ['application/vnd.oci.image.index.v1+json', 'OciManifestInvalid'],
  size: [7, 'BlobSizeMismatch', 'ReferrerSizeMismatch'],
  path: ['referrers/other.json', 'BundleRecordInvalid', 'ReferrerMissing', 'ReferrerUnexpected'],
  sha256: ['e'.repeat(64), 'BundleRecordInvalid', 'ReferrerChecksumMismatch'],
  category: ['other', 'OciManifestInvalid'],
  tag: ['latest', 'BundleRecordInvalid', 'ReferrerSubjectMismatch'],
  annotations: [{ 'org.opencontainers.image.created': 'never' }, 'OciManifestInvalid'],
};

type Draft = Forgery['record'];

/** One object of a record, with its fields; optional ones may be left out. */
interface Part {
  readonly name: string;
  readonly fields: Readonly<Record<string, Wrong>>;
  readonly of: (record: Draft) => object | undefined;
  /** Makes a bundle that has such an object. */
  readonly prepare?: (forgery: Forgery) => unknown;
}

const optional = ['previousBundleId', 'createdAt', 'expiresAt', 'artifactType', 'tag', 'annotations'];
const parts: readonly Part[] = [
  { name: 'bundle.json', fields: ofRecord, of: (record) => record },
  { name: 'images[0]', fields: ofImage, of: ({ images }) => images[0] },
  { name: 'images[0].platforms', fields: ofPlatforms, of: ({ images }) => images[0]?.platforms },
  {
    name: 'entries[index]',
    fields: ofEntry,
    of: ({ entries }) => entries.find(({ mediaType }) => mediaType?.includes('index')),
  },
  { name: 'external[0]', fields: ofExternal, of: ({ external }) => external[0], prepare: makeExternal },
  { name: 'requireReferrers[0]', fields: ofRequirement, of: ({ requireReferrers }) => requireReferrers[0] },
  { name: 'subjects[0]', fields: ofSubject, of: listed },
  { name: 'subjects[0].discovery', fields: ofDiscovery, of: (record) => listed(record)?.discovery },
  { name: 'artifacts[0]', fields: ofArtifact, of: (record) => listed(record)?.artifacts[0] },
];

/** Values that a field of another type could have. */
const strays: readonly unknown[] = [null, true, 7, 'a text', [null], { a: 1 }];
/** Values of the right type that no field of that type may have. */
const outOfRange: readonly unknown[] = [-1, 1.5, 2 ** 53, '', 'x'.repeat(5000)];

export const recordFields: CorpusFamily = {
  name: 'record-fields',
  cases: () =>
    parts.flatMap((part) => [
      ...Object.entries(part.fields).flatMap(([field, wrong]) => fieldCases(part, field, wrong)),
      tarCase(`${part.name} with a field nobody knows`, 'BundleRecordInvalid', (base) =>
        withRecord(base, part, { unknown: 1 }),
      ),
    ]),
};

function fieldCases(part: Part, field: string, [value, ...codes]: Wrong): readonly CorpusCase[] {
  const name = `${part.name}: ${field}`;
  const isOptional = optional.includes(field) || (part.fields === ofEntry && field === 'mediaType');
  // Who makes everything agree makes entries and their id anew.
  const isMade = part.fields === ofEntry || field === 'entries' || field === 'bundleId';
  const isInId = part.fields === ofExternal || field === 'external';
  // What nothing points to is looked for only where index.json is the one that the record makes.
  const told = codes.filter((code) => isMade || code !== 'EntryUnexpected');
  const alone: readonly FindingCode[] = [
    ...told,
    'DerivedFileMismatch',
    ...(isInId ? (['BundleRecordInvalid'] as const) : []),
  ];
  return [
    tarCase(`${name} has another value`, field === 'schemaVersion' ? codes : alone, (base) =>
      withRecord(base, part, { [field]: value }),
    ),
    ...(isMade
      ? []
      : [tarCase(`${name} has another value, and all else agrees`, codes, rewritten(part, field, value))]),
    ...(isOptional
      ? []
      : [
          tarCase(`${name} is missing`, 'BundleRecordInvalid', (base) =>
            withRecord(base, part, { [field]: undefined }),
          ),
        ]),
    ...[
      ...strays.filter((stray) => typeOf(stray) !== typeOf(value)),
      ...outOfRange.filter((wrong) => typeOf(wrong) === typeOf(value)),
    ].map((wrong) => {
      const shown = JSON.stringify(wrong).slice(0, 20);
      const code =
        field === 'schemaVersion' && typeof wrong === 'number' ? 'VersionUnsupported' : 'BundleRecordInvalid';
      return tarCase(`${name} is ${shown}`, code, (base) => withRecord(base, part, { [field]: wrong }));
    }),
  ];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function objectOf(part: Part, record: Draft): object {
  const object = part.of(record);
  if (object === undefined) throw new Error(`the bundle has no ${part.name}`);
  return object;
}

/** The bundle with one field changed and everything else as it was; a field that is undefined is left out. */
async function withRecord(base: CorpusBase, part: Part, change: object): Promise<Buffer> {
  const tar = part.prepare === undefined ? base.tar : await forged(base.tar, part.prepare);
  const members = (await filesOf(tar)).map(([path, content]) => {
    if (path !== entryPaths.record) return fileOf(path, content);
    const record = JSON.parse(content.toString()) as Draft;
    Object.assign(objectOf(part, record), change);
    return fileOf(path, inOneForm(record));
  });
  return Buffer.concat([...members, endOfArchive]);
}

/** The canonical form where there is one, so that nothing else is wrong. */
function inOneForm(record: Draft): string {
  const plain = `${JSON.stringify(record, null, 2)}\n`;
  try {
    const canonical = canonicalRecord(record).toString();
    return isDeepStrictEqual(JSON.parse(canonical), JSON.parse(plain)) ? canonical : plain;
  } catch {
    return plain;
  }
}

function rewritten(part: Part, field: string, value: unknown): CorpusCase['build'] {
  return ({ tar }) =>
    forged(tar, (forgery) => {
      part.prepare?.(forgery);
      Object.assign(objectOf(part, forgery.record), { [field]: value });
    });
}

function listed({ referrers }: Draft): Draft['referrers']['subjects'][0] | undefined {
  return referrers.subjects.find(({ artifacts }) => artifacts.length > 0);
}

/** Leaves the last blob out and says so. */
function makeExternal({ record, contents }: Forgery): void {
  const layer = record.entries.findLast(({ path, mediaType }) => path.startsWith('blobs/') && mediaType === undefined);
  if (layer === undefined) throw new Error('the bundle has no blob');
  contents.delete(layer.path);
  record.external.push({ digest: layer.digest, size: layer.size, reason: 'delta' });
}
