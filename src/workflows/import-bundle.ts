import type { Readable } from 'node:stream';
import { BundleReader, type ReadProgress } from '../bundle/bundle-reader.js';
import { compareText } from '../bundle/canonical-json.js';
import { ImportValidator, type ImportValidatorOptions } from '../bundle/import-validator.js';
import type { BundleImage, BundleRecord, ExternalBlob, RequiredReferrer } from '../bundle/record.js';
import type { DetachedSignatures, SignatureOptions } from '../bundle/signing/signature-policy.js';
import type { ValidationReport } from '../bundle/validation-report.js';
import type { AbortableOptions } from '../content/abort.js';
import { defaultLimits, type Limits } from '../content/limits.js';
import type { PushTarget } from '../content/sources.js';
import type { Descriptor } from '../oci/descriptor.js';
import { blobsBelow } from '../oci/manifest.js';
import type { ReferrersGraph } from '../referrers/graph.js';
import type { Resolver } from '../remotes/types.js';
import { recordTransfer } from '../telemetry/metrics.js';
import { inSpan } from '../telemetry/spans.js';
import { BundleGraphs, bundleBlobs } from '../transfer/bundle-graph.js';
import { BundleValidationError } from '../transfer/bundle-validation-error.js';
import type { MappingOptions } from '../transfer/mapping.js';
import { checkBeforePush } from '../transfer/preflight.js';
import { pushGraph } from '../transfer/push-graph.js';
import type { MovedTag, TransferItem, TransferOptions, TransferReport } from '../transfer/transfer.js';
import { checkImportOptions } from './import-options.js';
import { type ImportPlace, importPlaces } from './import-places.js';
import { spool } from './spool.js';
import { withEntries } from './unpacked-tar.js';

/** Options of {@link importBundle}. */
export interface ImportOptions extends MappingOptions, TransferOptions, SignatureOptions, AbortableOptions {
  /** Reaches the target registries; stays open. Needed unless `layout` is given. */
  readonly resolver?: Resolver | undefined;
  /** Image layout directory to put everything into, in place of `to` and `map`; it is made where it is not there. */
  readonly layout?: string | undefined;
  /** Turns the validator's warnings into refusals, before anything is pushed; false by default. */
  readonly strictReferrerValidation?: boolean | undefined;
  /** Referrers every image must have, beyond those the bundle itself requires. */
  readonly requireReferrers?: readonly RequiredReferrer[] | undefined;
  /**
   * The bundle that this one, a delta, builds on, as {@link ImportValidatorOptions} has it: what it has is no warning any more, so that
   * `strictReferrerValidation` lets a delta pass. The target is asked for every such blob in any case.
   */
  readonly base?: ImportValidatorOptions['base'];
  /** Signatures from beside the bundle, as paths or as their bytes; 16 at most with those in it. */
  readonly signatures?: DetachedSignatures | undefined;
  /** Validates, maps and looks at the targets, and pushes nothing; false by default. */
  readonly dryRun?: boolean | undefined;
  /** Hears how far the validation has come, in bytes of the file; what it throws ends it. */
  readonly onChecked?: ((progress: ReadProgress) => void) | undefined;
  /** Limits on what is read. */
  readonly limits?: Partial<Limits> | undefined;
}

/** One image of an import. */
export interface ImportedImage {
  /** Reference it has in the bundle. */
  readonly source: string;
  /** Reference it has at the target. */
  readonly target: string;
  /** Digest of its manifest or index. */
  readonly digest: string;
  /** Tags that point elsewhere before the import. */
  readonly movedTags: readonly MovedTag[];
  /** What was done; absent in a dry run. */
  readonly transfer?: TransferReport | undefined;
}

/** What an import did. */
export interface ImportReport {
  /** Identity of the bundle. */
  readonly bundleId: string;
  /** True when nothing was pushed. */
  readonly dryRun: boolean;
  /** What the validator said before the first push. */
  readonly validation: ValidationReport;
  /** Each image, in the order of the bundle. */
  readonly images: readonly ImportedImage[];
}

/** A stream of unknown size is saved to disk first; the same bound a reader has. */
const maxSpoolBytes = 2 ** 40;

/**
 * Validates a bundle and puts its images, with everything that refers to them, into registries, or into an image layout directory.
 *
 * @remarks Nothing is pushed before the whole file has passed, and what is pushed comes from the same open file, hashed
 * again. Blobs go first, then manifests, then referrers, tags last; what the target has is skipped, so running again
 * resumes. Where the target has no referrers API the list under the subject's referrers tag is merged with what is there.
 * In the end every subject is listed on the target and compared. With `trustedKeys` nothing is pushed from a bundle they
 * have not signed.
 * @param source - path of the bundle; or its bytes, which are saved to a private temporary file first
 * @param options - resolver, targets, policy
 * @throws {@link BundleValidationError} `ERR_OCI_BUNDLE_INVALID` with the report, `ERR_OCI_TRANSFER_REFUSED` before
 * anything is pushed, `ERR_OCI_TRANSFER_UNVERIFIED` when the target does not list what was pushed
 * @example
 * ```ts
 * import { createResolver, importBundle } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver();
 * const report = await importBundle('bundle.tgz', { resolver, to: 'registry.airgap.example:5000' });
 * for (const image of report.images) console.log(image.source, '->', image.target);
 * ```
 */
export async function importBundle(source: string | Readable, options: ImportOptions): Promise<ImportReport> {
  checkImportOptions(options);
  const validator = createValidator(options);
  return await inSpan('oci_referrers.import', {}, async (addAttributes) => {
    const report = await importFrom(source, validator, options);
    const transfers = report.images.flatMap(({ transfer }) => transfer ?? []);
    const bytes = transfers.reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0);
    const blobs = transfers.reduce((sum, { uploaded }) => sum + uploaded, 0);
    if (!report.dryRun) recordTransfer({ operation: 'import', bytes, blobs });
    const images = report.images.length;
    const { bundleId } = report;
    addAttributes({
      'oci_referrers.bundle_id': bundleId,
      'oci_referrers.images': images,
      'oci_referrers.bytes': bytes,
    });
    return report;
  });
}

async function importFrom(
  source: string | Readable,
  validator: ImportValidator,
  options: ImportOptions,
): Promise<ImportReport> {
  if (typeof source === 'string') return await importFile(source, validator, options);
  await using spooled = await spool(source, maxSpoolBytes, options.signal);
  return await importFile(spooled.path, validator, options);
}

async function importFile(path: string, validator: ImportValidator, options: ImportOptions): Promise<ImportReport> {
  const { signal, signatures, onChecked, dryRun = false } = options;
  await using reader = new BundleReader(path, { signal, onProgress: onChecked });
  const { report: validation, record } = await validator.validateReader(reader, { signal, signatures });
  if (!validation.ok || record === undefined) throw new BundleValidationError(path, validation);
  const images = await withEntries(reader, maxSpoolBytes, signal, () => pushImages(reader, record, options));
  return { bundleId: record.bundleId, dryRun, validation, images };
}

async function pushImages(
  reader: BundleReader,
  record: BundleRecord,
  options: ImportOptions,
): Promise<readonly ImportedImage[]> {
  const transfers = await prepare(reader, record, options);
  const images: ImportedImage[] = [];
  for (const { image, item, target, movedTags } of transfers) {
    const transfer = options.dryRun === true ? undefined : await pushGraph(target, item, movedTags, options);
    images.push({ source: image.reference, target: item.target, digest: image.digest, movedTags, transfer });
    if (transfer !== undefined) await reader.assertUnchanged();
  }
  await reader.assertUnchanged();
  return images;
}

function createValidator(options: ImportOptions): ImportValidator {
  const maxManifestBytes = options.limits?.maxManifestBytes;
  const { requireReferrers, base, trustedKeys, requireSignature, signatureThreshold, expectPrevious } = options;
  return new ImportValidator({
    strict: options.strictReferrerValidation,
    requireReferrers,
    base,
    limits: maxManifestBytes === undefined ? {} : { maxManifestBytes },
    trustedKeys,
    requireSignature,
    signatureThreshold,
    expectPrevious,
  });
}

interface PreparedTransfer {
  readonly image: BundleImage;
  readonly item: TransferItem;
  readonly target: PushTarget;
  readonly movedTags: readonly MovedTag[];
}

/** Reads every closure and asks every target before the first push: what cannot work is known by then. */
async function prepare(
  reader: BundleReader,
  record: BundleRecord,
  options: ImportOptions,
): Promise<readonly PreparedTransfer[]> {
  const { signal } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const places = await importPlaces(record, options);
  const graphs = new BundleGraphs(reader, record, { limits, signal });
  const blobsOf = bundleBlobsOf(reader, record, signal);
  const items: { place: ImportPlace; image: BundleImage; item: TransferItem }[] = [];
  for (const [index, image] of record.images.entries()) {
    const place = places[index];
    if (place === undefined) throw new TypeError('an image without a target');
    const { name: target, tag, mounts } = place;
    const graph = await graphs.read(image);
    const beforeTags = (): Promise<void> => reader.assertUnchanged();
    items.push({ place, image, item: { graph, target, tag, mounts, beforeTags, ...blobsOf(graph) } });
  }
  const prepared: PreparedTransfer[] = [];
  for (const { place, image, item } of items) {
    const target = await place.open();
    prepared.push({ image, item, target, movedTags: await checkBeforePush(target, item, options) });
  }
  return prepared;
}

type ItemBlobs = Pick<TransferItem, 'openBlob' | 'elsewhere' | 'skipped'>;

function bundleBlobsOf(
  reader: BundleReader,
  { external }: BundleRecord,
  signal: AbortSignal | undefined,
): (graph: ReferrersGraph) => ItemBlobs {
  const openBlob = bundleBlobs(reader, signal);
  const isDelta = ({ reason }: ExternalBlob): boolean => reason === 'delta';
  const skipped = new Set(external.filter((blob) => !isDelta(blob)).map(({ digest }) => digest));
  const deltas = new Map(
    external
      .filter(isDelta)
      .map(({ digest, size }): [string, Descriptor] => [
        digest,
        { mediaType: 'application/octet-stream', digest, size },
      ]),
  );
  return ({ nodes }) => {
    // A bundle may hold images of many repositories; each needs what its own manifests name.
    const needed = new Set([...nodes.values()].flatMap(({ parsed }) => blobsBelow(parsed).map(({ digest }) => digest)));
    const elsewhere =
      deltas.size === 0 ? [] : [...needed].sort(compareText).flatMap((digest) => deltas.get(digest) ?? []);
    return { openBlob, elsewhere, skipped };
  };
}
