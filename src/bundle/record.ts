import { z } from 'zod';
import { type ArtifactCategory, artifactCategories } from '../oci/artifact-kind.js';
import { digestPattern } from '../oci/digest.js';
import { listOf, textRecord } from '../oci/first-fault.js';

/** One image in a bundle. */
export interface BundleImage {
  /** Where it came from: registry, repository and, where it had one, tag. */
  readonly reference: string;
  /** Digest of its manifest or index. */
  readonly digest: string;
  /** Media type of its manifest or index. */
  readonly mediaType: string;
  /** Size of that manifest in bytes. */
  readonly size: number;
  /** Platforms of an index, as `os/architecture[/variant]`; empty lists for a single image. */
  readonly platforms: {
    /** Platforms in the bundle. */
    readonly included: readonly string[];
    /** Platforms the index names that were left out. */
    readonly missing: readonly string[];
  };
}

/** One file of the bundle. */
export interface BundleEntry {
  /** Name in the archive. */
  readonly path: string;
  /** Bytes of content. */
  readonly size: number;
  /** Digest in the content's own algorithm; sha256 for files that have none. */
  readonly digest: string;
  /** Set for manifests and indexes. */
  readonly mediaType?: string | undefined;
}

/** Content the images need that is not in the bundle, and why. */
export interface ExternalBlob {
  /** Digest of the content. */
  readonly digest: string;
  /** Bytes of content. */
  readonly size: number;
  /** `delta`: an earlier bundle carries it; `nondistributable`: its licence keeps it where it is. */
  readonly reason: 'delta' | 'nondistributable';
}

/** One referrer, as its subject's list shows it. */
export interface BundleArtifact {
  /** Digest of the referrer's manifest. */
  readonly digest: string;
  /** Absent only for an index that states none. */
  readonly artifactType?: string | undefined;
  /** Media type of that manifest. */
  readonly mediaType: string;
  /** Size of that manifest in bytes. */
  readonly size: number;
  /** Entry that holds the referrer's manifest. */
  readonly path: string;
  /** Hex sha256 of that entry. */
  readonly sha256: string;
  /** What it is for, by its type. */
  readonly category: ArtifactCategory;
  /** The tag that carried it, for cosign's older tags only. */
  readonly tag?: string | undefined;
  /** Annotations of the manifest. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** What refers to one manifest in one repository, and how that was found out. */
export interface BundleSubject {
  /** Digest of the manifest that is referred to. */
  readonly subject: string;
  /** The image this subject was reached from; its repository is the one the list belongs to. */
  readonly reference: string;
  /** How the list was found. */
  readonly discovery: {
    /** Which endpoint decided. */
    readonly source: 'api' | 'tag-schema' | 'layout' | 'bundle';
    /** `host[:port]` that gave the list. */
    readonly host: string;
    /** False when it could not be confirmed and the writer was told to go on. */
    readonly complete: boolean;
    /** Referrers found. */
    readonly found: number;
    /** Referrers in the bundle. */
    readonly included: number;
    /** Referrers a filter left out. */
    readonly filtered: number;
  };
  /** What refers to it, sorted by digest. */
  readonly artifacts: readonly BundleArtifact[];
}

/** A kind of referrer every image must have. */
export interface RequiredReferrer {
  /** Artifact type that is required. */
  readonly artifactType: string;
  /** How many at least; 1 or more. */
  readonly min: number;
}

/**
 * `bundle.json`: the authority for everything in the bundle.
 *
 * @remarks `docs/bundle-format.md` in the package is its specification, `schemas/bundle.schema.json` its shape as JSON Schema.
 */
export interface BundleRecord {
  /** Version of this format. */
  readonly schemaVersion: 1;
  /** sha256 over the canonical lines of `entries` and `external`. */
  readonly bundleId: string;
  /** The bundle this one builds on. */
  readonly previousBundleId?: string | undefined;
  /** RFC 3339; present only when the caller or SOURCE_DATE_EPOCH gave it. */
  readonly createdAt?: string | undefined;
  /** RFC 3339; a validator refuses the bundle after this time. */
  readonly expiresAt?: string | undefined;
  /** The program that wrote it. */
  readonly generator: string;
  /** False when discovery failed for a subject and the writer was told to go on. */
  readonly complete: boolean;
  /** What every image was required to have when the bundle was written. */
  readonly requireReferrers: readonly RequiredReferrer[];
  /** The images, sorted by reference. */
  readonly images: readonly BundleImage[];
  /** What refers to what. */
  readonly referrers: {
    /** One list per repository and subject. */
    readonly subjects: readonly BundleSubject[];
  };
  /** Every file with content of its own, in archive order. */
  readonly entries: readonly BundleEntry[];
  /** Content that is not in the file. */
  readonly external: readonly ExternalBlob[];
}

const digest = z.string().regex(digestPattern, 'not a sha256 or sha512 digest');
const size = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const count = z.number().int().min(0).max(1_000_000);
const text = z.string().min(1).max(4096);
const annotations = textRecord.optional();
const instant = z.iso.datetime({ offset: true });

const artifactSchema: z.ZodType<BundleArtifact> = z.strictObject({
  digest,
  artifactType: text.optional(),
  mediaType: text,
  size,
  path: text,
  sha256: z.string().regex(/^[a-f0-9]{64}$/),
  category: z.enum(artifactCategories),
  tag: text.optional(),
  annotations,
});

const subjectSchema: z.ZodType<BundleSubject> = z.strictObject({
  subject: digest,
  reference: text,
  discovery: z.strictObject({
    source: z.enum(['api', 'tag-schema', 'layout', 'bundle']),
    host: text,
    complete: z.boolean(),
    found: count,
    included: count,
    filtered: count,
  }),
  artifacts: listOf(artifactSchema),
});

const images: z.ZodType<readonly BundleImage[]> = listOf(
  z.strictObject({
    reference: text,
    digest,
    mediaType: text,
    size,
    platforms: z.strictObject({ included: listOf(text), missing: listOf(text) }),
  }),
);
const entries: z.ZodType<readonly BundleEntry[]> = listOf(
  z.strictObject({ path: text, size, digest, mediaType: text.optional() }),
);
const external: z.ZodType<readonly ExternalBlob[]> = listOf(
  z.strictObject({ digest, size, reason: z.enum(['delta', 'nondistributable']) }),
);

/** What has to be known of the earlier bundle that a delta builds on: its record, or these parts of it. */
export type BundleBase = Pick<BundleRecord, 'bundleId' | 'images' | 'entries' | 'external'>;

/** @internal A base as an option: a record has more fields, and they do not matter. */
export const bundleBaseSchema: z.ZodType<BundleBase> = z.object({ bundleId: digest, images, entries, external });

/** @internal */
export const bundleRecordSchema: z.ZodType<BundleRecord> = z.strictObject({
  schemaVersion: z.literal(1),
  bundleId: digest,
  previousBundleId: digest.optional(),
  createdAt: instant.optional(),
  expiresAt: instant.optional(),
  generator: text,
  complete: z.boolean(),
  requireReferrers: listOf(z.strictObject({ artifactType: text, min: z.number().int().min(1).max(100_000) })),
  images,
  referrers: z.strictObject({ subjects: listOf(subjectSchema) }),
  entries,
  external,
});
