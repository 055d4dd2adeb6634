import { BundleReader, type ReadProgress } from '../bundle/bundle-reader.js';
import { bundleSources } from '../bundle/bundle-source.js';
import type { BundleSubjectInput } from '../bundle/bundle-writer.js';
import { ImportValidator, type ImportValidatorOptions, type ValidateOptions } from '../bundle/import-validator.js';
import type { BundleRecord } from '../bundle/record.js';
import { repositoryOf } from '../bundle/repository-of.js';
import type { ValidationReport } from '../bundle/validation-report.js';
import { BundleValidationError } from '../transfer/bundle-validation-error.js';

/** Options of {@link openBundle}: those of its validation. */
export interface OpenBundleOptions extends Omit<ImportValidatorOptions, 'format'>, ValidateOptions {
  /** Hears how far the validation has come, in bytes of the file; what it throws ends it. */
  readonly onChecked?: ((progress: ReadProgress) => void) | undefined;
}

/** A bundle that has passed validation and stays open; made by {@link openBundle}. */
export interface OpenBundle extends AsyncDisposable {
  /** What it says about itself. */
  readonly record: BundleRecord;
  /** What the validator said. */
  readonly validation: ValidationReport;
  /** Its images, as a {@link BundleWriter} takes them: each with a source that gives what the bundle holds of it. */
  readonly images: readonly BundleSubjectInput[];
  /** Closes the file; sources give nothing after that. */
  close(): Promise<void>;
}

/**
 * Validates a bundle and opens it as a source: to write another bundle from it, or to walk what it holds.
 *
 * @remarks Content is hashed again when it is read, from the file that was validated. A bundle in `deflate` can be
 * validated and not be read by digest: gunzip it first.
 * @param path - of the bundle, or of the list of its parts; the caller closes what is returned
 * @throws {@link BundleValidationError} `ERR_OCI_BUNDLE_INVALID` with the report; `ERR_OCI_BUNDLE_SOURCE`
 * @example
 * ```ts
 * import { BundleWriter, openBundle } from '@stellaops/oci-referrers';
 *
 * await using week = await openBundle('week.tgz');
 * await using hotfix = await openBundle('hotfix.tgz');
 * const writer = new BundleWriter({ categories: ['sbom', 'signature'] });
 * for (const image of [...week.images, ...hotfix.images]) writer.add(image);
 * await writer.write('both.tgz');
 * ```
 */
export async function openBundle(path: string, options: OpenBundleOptions = {}): Promise<OpenBundle> {
  const { signal, signatures, onChecked, ...asked } = options;
  const validator = new ImportValidator(asked);
  const reader = new BundleReader(path, { signal, onProgress: onChecked });
  try {
    const { report: validation, record } = await validator.validateReader(reader, { signal, signatures });
    if (!validation.ok || record === undefined) throw new BundleValidationError(path, validation, 'it was not opened');
    const close = (): Promise<void> => reader.close();
    return { record, validation, images: imagesOf(reader, record), close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

function imagesOf(reader: BundleReader, record: BundleRecord): readonly BundleSubjectInput[] {
  const sourceOf = bundleSources(reader, record);
  return record.images.map(({ reference, digest, mediaType, size }) => ({
    reference,
    descriptor: { mediaType, digest, size },
    source: sourceOf(repositoryOf(reference) ?? reference),
  }));
}
