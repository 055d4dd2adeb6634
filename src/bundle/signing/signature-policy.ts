import { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { readSmallFile } from '../../content/read-small-file.js';
import { ArgumentError, BundleError } from '../../errors/index.js';
import { isDigest } from '../../oci/digest.js';
import type { SignaturePolicy } from '../validation-rule.js';
import { maxSignatures } from './signature-file.js';
import type { GivenSignature } from './signature-ledger.js';
import { readPublicKey, type TrustedKey } from './trusted-key.js';

/** Whose signatures a bundle needs, and which bundle it has to follow. */
export interface SignatureOptions {
  /**
   * Public keys whose signatures count, 1 to 16: each as PEM (`cosign.pub` is one) or key object. Without keys signatures
   * are looked at and not verified.
   */
  readonly trustedKeys?: readonly (string | KeyObject)[] | undefined;
  /** Refuses a bundle the keys have not signed; true by default when there are keys, and not possible without. */
  readonly requireSignature?: boolean | undefined;
  /** How many of the keys have to have signed; 1 by default, and no more than there are. */
  readonly signatureThreshold?: number | undefined;
  /** Id of the bundle that this one has to build on (`previousBundleId`): an older one that is played back does not. */
  readonly expectPrevious?: string | undefined;
}

/** Signature files from beside a bundle. */
export type DetachedSignatures = readonly (string | Uint8Array)[];

/** The options of {@link SignatureOptions}, for a strict schema. */
export const signatureShape: z.ZodRawShape = {
  trustedKeys: z
    .array(z.custom((value) => typeof value === 'string' || value instanceof KeyObject, 'is neither PEM nor KeyObject'))
    .min(1)
    .max(maxSignatures)
    .optional(),
  requireSignature: z.boolean().optional(),
  signatureThreshold: z.number().int().min(1).max(maxSignatures).optional(),
  expectPrevious: z.string().refine(isDigest, 'is not the id of a bundle (sha256:…)').optional(),
};

/** Signature files, as paths or as their bytes. */
export const detachedSchema: z.ZodType<DetachedSignatures | undefined> = z
  .array(
    z.custom<string | Uint8Array>(
      (value) => typeof value === 'string' || value instanceof Uint8Array,
      'is neither a path nor bytes',
    ),
  )
  .max(maxSignatures)
  .optional();

/**
 * Reads the keys of a validation, and checks that the options that need them can be met.
 *
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`
 */
export function signaturePolicy(options: SignatureOptions): SignaturePolicy {
  const { trustedKeys = [], signatureThreshold: threshold = 1 } = options;
  const given = trustedKeys.map((key, index) => readPublicKey(key, `trustedKeys.${index}`));
  const keys: readonly TrustedKey[] = [...new Map(given.map((key) => [key.hint, key])).values()];
  const isRequired = options.requireSignature ?? keys.length > 0;
  if (isRequired && keys.length === 0) {
    throw cannotBe('requireSignature', 'nobody can be required to have signed without trusted keys');
  }
  if (options.signatureThreshold !== undefined && threshold > keys.length) {
    const there = `${keys.length} different ${keys.length === 1 ? 'key is' : 'keys are'} trusted`;
    const reason = `${threshold} keys have to have signed, and ${there}`;
    throw cannotBe('signatureThreshold', reason);
  }
  return { keys, threshold, isRequired };
}

/**
 * Reads signature files that stand beside a bundle.
 *
 * @param maxBytes - of each one
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_SOURCE` when one cannot be read or is larger
 */
export async function readDetached(
  signatures: DetachedSignatures | undefined,
  maxBytes: number,
): Promise<readonly GivenSignature[]> {
  const given: GivenSignature[] = [];
  for (const [index, signature] of (signatures ?? []).entries()) {
    if (typeof signature === 'string') {
      given.push({ path: signature, bytes: await readSignature(signature, maxBytes) });
    } else {
      const path = `signatures[${index}]`;
      given.push({ path, bytes: signature.length > maxBytes ? undefined : signature });
    }
  }
  return given;
}

async function readSignature(path: string, maxBytes: number): Promise<Buffer> {
  const fault = (reason: string, cause?: unknown): BundleError =>
    new BundleError('ERR_OCI_BUNDLE_SOURCE', `the signature ${JSON.stringify(path)} ${reason}`, {
      path,
      cause,
      hint: 'give the .sigstore.json file that came with the bundle',
    });
  const bytes = await readSmallFile(path, maxBytes, fault);
  if (bytes === undefined) throw fault('is not there');
  // What was read lies in a buffer of the largest size there could have been.
  return Buffer.from(bytes);
}

function cannotBe(argument: string, reason: string): ArgumentError {
  const hint = 'give more trusted keys (trustedKeys, --key), or ask for less (signatureThreshold, --threshold)';
  return new ArgumentError('ERR_OCI_INVALID_OPTION', `option ${argument}: ${reason}`, { argument, hint });
}
