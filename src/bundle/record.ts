import { z } from 'zod';
import type { ArtifactCategory } from '../oci/artifact-kind.js';
import { isDigest } from '../oci/digest.js';
import { listOf, textRecord } from '../oci/first-fault.js';

/** One image in a bundle. */
export interface BundleImage {
  /** Where it came from: registry, repository and, where it had one, tag. */
  readonly reference: string;
  /** Digest of its manifest or index. */
  readonly digest: string;
  readonly mediaType: string;
  /** Size of that manifest in bytes. */
  readonly size: number;
  /** Platforms of an index, as `os/architecture[/variant]`; empty lists for a single image. */
  readonly platforms: { readonly included: readonly string[]; readonly missing: readonly string[] };
}

/** One file of the bundle. */
export interface BundleEntry {
  readonly path: string;
  readonly size: number;
  /** Digest in the content's own algorithm; sha256 for files that have none. */
  readonly digest: string;
  /** Set for manifests and indexes. */
  readonly mediaType?: string | undefined;
}

/** Content the images need that is not in the bundle, and why. */
export interface ExternalBlob {
  readonly digest: string;
  readonly size: number;
  readonly reason: 'delta' | 'nondistributable';
}

/** One referrer, as its subject's list shows it. */
export interface BundleArtifact {
  readonly digest: string;
  /** Absent only for an index that states none. */
  readonly artifactType?: string | undefined;
  readonly mediaType: string;
  readonly size: number;
  /** Entry that holds the referrer's manifest. */
  readonly path: string;
  /** Hex sha256 of that entry. */
  readonly sha256: string;
  readonly category: ArtifactCategory;
  /** The tag that carried it, for cosign's older tags only. */
  readonly tag?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** What refers to one manifest in one repository, and how that was found out. */
export interface BundleSubject {
  readonly subject: string;
  /** The image this subject was reached from; its repository is the one the list belongs to. */
  readonly reference: string;
  readonly discovery: {
    readonly source: 'api' | 'tag-schema' | 'layout' | 'bundle';
    readonly host: string;
    readonly complete: boolean;
    readonly found: number;
    readonly included: number;
    readonly filtered: number;
  };
  readonly artifacts: readonly BundleArtifact[];
}

/** A kind of referrer every image must have. */
export interface RequiredReferrer {
  readonly artifactType: string;
  /** How many at least; 1 or more. */
  readonly min: number;
}

/** `bundle.json`: the authority for everything in the bundle. */
export interface BundleRecord {
  readonly schemaVersion: 1;
  /** sha256 over the canonical lines of `entries` and `external`. */
  readonly bundleId: string;
  readonly previousBundleId?: string | undefined;
  /** RFC 3339; present only when the caller or SOURCE_DATE_EPOCH gave it. */
  readonly createdAt?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly generator: string;
  /** False when discovery failed for a subject and the writer was told to go on. */
  readonly complete: boolean;
  readonly requireReferrers: readonly RequiredReferrer[];
  readonly images: readonly BundleImage[];
  readonly referrers: { readonly subjects: readonly BundleSubject[] };
  readonly entries: readonly BundleEntry[];
  readonly external: readonly ExternalBlob[];
}

const digest = z.string().refine(isDigest, 'not a sha256 or sha512 digest');
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
  category: z.enum(['sbom', 'attestation', 'signature', 'vex', 'other']),
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
  images: listOf(
    z.strictObject({
      reference: text,
      digest,
      mediaType: text,
      size,
      platforms: z.strictObject({ included: listOf(text), missing: listOf(text) }),
    }),
  ),
  referrers: z.strictObject({ subjects: listOf(subjectSchema) }),
  entries: listOf(z.strictObject({ path: text, size, digest, mediaType: text.optional() })),
  external: listOf(z.strictObject({ digest, size, reason: z.enum(['delta', 'nondistributable']) })),
});
