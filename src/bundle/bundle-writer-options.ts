import { z } from 'zod';
import { checkOptions } from '../content/check-options.js';
import { ArgumentError } from '../errors/index.js';
import { categoriesOfType } from '../oci/artifact-kind.js';
import { isKept } from '../referrers/filters.js';
import type { WalkOptions } from '../referrers/graph.js';
import { walkShape } from '../referrers/walk-options.js';
import { bundleIdOf } from './canonical-record.js';
import type { BundleCompression } from './gzip-reader.js';
import type { LayoutReferrers } from './layout-index.js';
import { atLeastOne, requirements } from './option-schemas.js';
import type { ProgressEvent } from './progress.js';
import { type BundleBase, bundleBaseSchema, type RequiredReferrer } from './record.js';
import { type BundleSigner, readSigners, signersSchema } from './signing/bundle-signer.js';

/**
 * How a bundle can be written: `store` frames it as gzip without compressing (layers are compressed already), `none` is a
 * plain tar, `deflate` compresses what is not compressed already.
 *
 * @remarks `deflate` is smaller where there are large SBOMs or uncompressed layers, and promises less: the same content
 * gives the same bytes only with the same build of zlib, a validator vouches for the content and not for every byte of
 * the file, and an import unpacks a copy to a temporary file.
 */
export type WriterCompression = BundleCompression;

/** Options of {@link BundleWriter}; those of the walk decide what goes into the bundle. */
export interface BundleWriterOptions extends Omit<WalkOptions, 'signal'> {
  /** Referrers every image must have, on itself or on a manifest below its index; none by default. */
  readonly requireReferrers?: readonly RequiredReferrer[] | undefined;
  /** How other OCI tools find the referrers in the bundle; `both` by default. */
  readonly layoutReferrers?: LayoutReferrers | undefined;
  /** By default what the file's name asks for: `.tgz` and `.tar.gz` are `store`, `.tar` is `none`; a stream is `store`. */
  readonly compression?: WriterCompression | undefined;
  /**
   * The earlier bundle this one builds on, as its record; none by default. Blobs that it has, or leaves to the one before
   * it, are left out and listed as external. It is believed: validate its file first, as `exportBundle` does.
   */
  readonly base?: BundleBase | undefined;
  /** Time to record, RFC 3339; SOURCE_DATE_EPOCH by default, and no time at all where that is not set either. */
  readonly createdAt?: string | undefined;
  /** Time after which a validator refuses the bundle, RFC 3339; none by default. */
  readonly expiresAt?: string | undefined;
  /** Requests under way at once, for manifests and for blobs; 4 by default, 1 to 64. */
  readonly concurrency?: number | undefined;
  /**
   * Bytes of blobs that are fetched ahead of their turn and held in memory, all together; 32 MiB by default, 1 or more.
   * A blob larger than this is streamed when its turn comes.
   */
  readonly maxPrefetchBytes?: number | undefined;
  /**
   * Sign the bundle, in this order, 1 to 16 with a key each; nobody by default. Signatures are in neither record nor
   * checksums, so that they do not change the bundle's id; those of ECDSA are new bytes each time.
   */
  readonly signers?: readonly BundleSigner[] | undefined;
  /** Hears how far `write` has come; what it throws ends the write. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}

const instant = z.iso.datetime({ offset: true }).optional();

const schema = z.strictObject({
  ...walkShape,
  requireReferrers: requirements,
  layoutReferrers: z.enum(['both', 'untagged', 'tag-schema', 'none']).optional(),
  compression: z.enum(['store', 'none', 'deflate']).optional(),
  base: bundleBaseSchema.optional(),
  createdAt: instant,
  expiresAt: instant,
  maxPrefetchBytes: atLeastOne,
  signers: signersSchema,
  onProgress: z.custom((value) => typeof value === 'function', 'not a function').optional(),
});

/**
 * Checks the options of a writer before any work is done: unknown names, values out of range, requirements that the
 * filters rule out.
 *
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`
 */
export function checkWriterOptions(options: BundleWriterOptions): void {
  checkOptions(schema, options);
  readSigners(options.signers);
  const { base } = options;
  if (base !== undefined && bundleIdOf(base.entries, base.external) !== base.bundleId) {
    throw invalidOption('base', `its bundleId is not the id of its entries`);
  }
  const { artifactTypes, excludeArtifactTypes, categories, excludeCategories, requireReferrers = [] } = options;
  for (const { artifactType } of requireReferrers) {
    const possible = categoriesOfType(artifactType, options.legacyTags === true);
    const canBeKept = possible.some((category) => isKept(category, categories, excludeCategories));
    if (!isKept(artifactType, artifactTypes, excludeArtifactTypes) || !canBeKept) {
      throw invalidOption('requireReferrers', `asks for ${JSON.stringify(artifactType)}, which the filters leave out`);
    }
  }
}

/**
 * Returns the time a bundle records: the caller's, else SOURCE_DATE_EPOCH, else none.
 *
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` when SOURCE_DATE_EPOCH is set and is not a count of seconds
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export function creationTime(createdAt: string | undefined): string | undefined {
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  if (createdAt !== undefined || epoch === undefined || epoch === '') return createdAt;
  const time = new Date(/^\d{1,12}$/.test(epoch) ? Number(epoch) * 1000 : Number.NaN);
  if (Number.isNaN(time.getTime())) {
    throw invalidOption('SOURCE_DATE_EPOCH', 'must be a whole number of seconds since 1970');
  }
  return time.toISOString().replace('.000Z', 'Z');
}

function invalidOption(argument: string, reason: string): ArgumentError {
  return new ArgumentError('ERR_OCI_INVALID_OPTION', `bundle option ${argument}: ${reason}`, { argument });
}
