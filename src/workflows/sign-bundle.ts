import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { BundleReader, type ReadProgress } from '../bundle/bundle-reader.js';
import { ImportValidator } from '../bundle/import-validator.js';
import { outputFault, writeOutputFile } from '../bundle/output-file.js';
import type { BundleRecord } from '../bundle/record.js';
import { type BundleSigner, readSigners, signerSchema } from '../bundle/signing/bundle-signer.js';
import { signRecord } from '../bundle/signing/sign-record.js';
import type { AbortableOptions } from '../content/abort.js';
import { checkOptions } from '../content/check-options.js';
import { BundleValidationError } from '../transfer/bundle-validation-error.js';

/** Options of {@link signBundle}. */
export interface SignBundleOptions extends AbortableOptions {
  /** File to write the signature to; by default the bundle's name with `.sigstore.json` after it. */
  readonly output?: string | undefined;
  /** Replaces an existing file; false by default. */
  readonly force?: boolean | undefined;
  /** Hears how far the validation has come, in bytes of the file; what it throws ends it. */
  readonly onChecked?: ((progress: ReadProgress) => void) | undefined;
}

/** What was signed, and where the signature is. */
export interface SignBundleReport extends Pick<BundleRecord, 'bundleId' | 'images'> {
  /** Path of the signature file. */
  readonly path: string;
  /** Hint of the key: base64 of the sha256 of its DER form. */
  readonly signedBy: string;
}

const schema = z.strictObject({
  signer: signerSchema,
  output: z.string().min(1).optional(),
  force: z.boolean().optional(),
  onChecked: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
  signal: z.custom((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional(),
});

/**
 * Signs a bundle that is there already, into a file beside it: a second signer need not write the bundle again.
 *
 * @remarks The bundle is validated first, every byte of it, and is not signed unless it passes: a signature vouches for
 * it. What is signed is its `bundle.json`, which names everything else by digest.
 * @param path - the bundle
 * @param signer - {@link createKeySigner}, or a callback to a KMS or HSM
 * @throws {@link BundleValidationError} `ERR_OCI_BUNDLE_INVALID` with the report; {@link BundleError} `ERR_OCI_SIGNING`,
 * `ERR_OCI_BUNDLE_OUTPUT`, `ERR_OCI_BUNDLE_SOURCE`, `ERR_OCI_BUNDLE_CHANGED`; {@link ArgumentError} `ERR_OCI_INVALID_OPTION`
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { createKeySigner, signBundle } from '@stellaops/oci-referrers';
 *
 * const { path } = await signBundle('bundle.tgz', createKeySigner(await readFile('key.pem', 'utf8')));
 * console.log(path); // bundle.tgz.sigstore.json
 * ```
 */
export async function signBundle(
  path: string,
  signer: BundleSigner,
  options: SignBundleOptions = {},
): Promise<SignBundleReport> {
  checkOptions(schema, { ...options, signer });
  const { signal, onChecked, force = false, output = `${path}.sigstore.json` } = options;
  const [ready] = readSigners([signer]);
  if (ready === undefined) throw new TypeError('one signer was given');
  await using reader = new BundleReader(path, { signal, onProgress: onChecked });
  const { report, record } = await new ImportValidator().validateReader(reader, { signal });
  if (!report.ok || record === undefined) throw new BundleValidationError(path, report, 'nothing was signed');
  // A valid record has one form, so that these are the bytes that were read.
  const bytes = await signRecord(record, ready, { signal });
  await reader.assertUnchanged();
  await writeOutputFile(output, force, (sink) => writeAll(bytes, sink, output));
  return { path: output, bundleId: record.bundleId, images: record.images, signedBy: ready.key.hint };
}

async function writeAll(bytes: Buffer, sink: Writable, path: string): Promise<void> {
  try {
    await pipeline([bytes], sink);
  } catch (cause) {
    throw outputFault(cause, path);
  }
}
