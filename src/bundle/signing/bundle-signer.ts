import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { AbortableOptions } from '../../content/abort.js';
import { ArgumentError } from '../../errors/index.js';
import { maxSignatures } from './signature-file.js';
import { readPublicKey, type TrustedKey } from './trusted-key.js';

/**
 * Signs bundles with a key that may be anywhere: in a file ({@link createKeySigner}), a KMS, an HSM.
 *
 * @remarks What it gives is verified with `publicKey` before it is written. ECDSA signatures are DER, on P-256 with SHA-256
 * and on P-384 with SHA-384; RSA is PKCS #1 v1.5 with SHA-256, 2048 bits or more; Ed25519 is the plain one. Where a KMS
 * wants a digest, give it the digest of `payload` by that hash. A key on P-384 is for readers with this package: cosign 2.6.2 and
 * `@sigstore/verify` 3.1.1 verify the others, and that one with SHA-256 only.
 * @example
 * ```ts
 * import type { BundleSigner } from '@stellaops/oci-referrers';
 *
 * declare const hsm: { publicKeyPem: string; ed25519: (bytes: Uint8Array) => Promise<Uint8Array> };
 * const signer: BundleSigner = { publicKey: hsm.publicKeyPem, sign: (payload) => hsm.ed25519(payload) };
 * ```
 */
export interface BundleSigner {
  /** PEM (`-----BEGIN PUBLIC KEY-----`) or key object of the key that signs. */
  readonly publicKey: string | KeyObject;
  /** Signs bytes; they are the whole of what is signed, not a digest of it. */
  sign(payload: Uint8Array, options: AbortableOptions): Promise<Uint8Array> | Uint8Array;
}

/** @internal A signer whose public key has been read. */
export interface ReadySigner {
  readonly signer: BundleSigner;
  readonly key: TrustedKey;
}

const isSigner = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'publicKey' in value &&
  'sign' in value &&
  typeof value.sign === 'function';

/** One signer. */
export const signerSchema: z.ZodType<BundleSigner> = z.custom<BundleSigner>(
  isSigner,
  'is not a signer with publicKey and sign',
);

/** Signers of one bundle; none at all is a mistake, not a wish for an unsigned bundle. */
export const signersSchema: z.ZodType<readonly BundleSigner[] | undefined> = z
  .array(signerSchema)
  .min(1)
  .max(maxSignatures)
  .optional();

/**
 * Reads the public keys of signers.
 *
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` for a key that cannot be used, or two signers with one key
 */
export function readSigners(signers: readonly BundleSigner[] = []): readonly ReadySigner[] {
  const known = new Map<string, number>();
  return signers.map((signer, index) => {
    const argument = `signers.${index}.publicKey`;
    const key = readPublicKey(signer.publicKey, argument);
    const other = known.get(key.hint);
    if (other !== undefined) {
      const message = `option ${argument}: is the key of signers.${other} too; two signatures by one key count once`;
      throw new ArgumentError('ERR_OCI_INVALID_OPTION', message, { argument, hint: 'give each signer its own key' });
    }
    known.set(key.hint, index);
    return { signer, key };
  });
}
