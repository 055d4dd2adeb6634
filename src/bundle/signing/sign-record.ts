import { constants, createHash, verify } from 'node:crypto';
import { type AbortableOptions, whileAllowed, withDeadline } from '../../content/abort.js';
import { BundleError } from '../../errors/index.js';
import type { BundleRecord } from '../record.js';
import type { ReadySigner } from './bundle-signer.js';
import { preAuthEncoding } from './pae.js';
import { emitSignatureFile } from './signature-file.js';
import { statementOf } from './statement.js';
import { hashOf, hasSigned, maxSignatureBytes, type TrustedKey } from './trusted-key.js';

/** Time one signer has: for a person who has to find and touch a token. */
const signerMs = 10 * 60 * 1000;

/**
 * Signs a bundle's record and gives the bytes of the signature file.
 *
 * @remarks Nothing is given that does not verify with the signer's own public key: whoever finds out on the other side of
 * an air gap cannot sign again.
 * @throws {@link BundleError} `ERR_OCI_SIGNING`; the signal's reason when aborted
 */
export async function signRecord(
  record: BundleRecord,
  { signer, key }: ReadySigner,
  { signal }: AbortableOptions,
): Promise<Buffer> {
  signal?.throwIfAborted();
  const payload = statementOf(record);
  const bytes = preAuthEncoding(payload);
  const late = (): Error => new Error(`no answer within ${signerMs / 60_000} minutes`);
  let signature: Uint8Array;
  try {
    signature = await withDeadline(signerMs, signal, late, async (stop) => {
      // A copy, so that a signer that writes to it changes nothing here. One that hears no signal is left to itself.
      const signing = signer.sign(Uint8Array.from(bytes), { signal: stop });
      return await whileAllowed(Promise.resolve(signing), stop);
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw signingFault(key, 'its signer failed', 'look at the cause; for a KMS or HSM check access and key', cause);
  }
  signal?.throwIfAborted();
  if (!(signature instanceof Uint8Array)) {
    throw signingFault(key, 'its signer gave no bytes', 'return the signature as a Uint8Array, not as text');
  }
  if (!hasSigned(key, bytes, signature)) throw notVerified(key, bytes, signature);
  return emitSignatureFile({ hint: key.hint, payload, signature: Buffer.from(signature) });
}

/** The size of the file that {@link signRecord} will give, in bytes; a few too many for ECDSA. */
export function maxSignatureFileSize(record: BundleRecord, key: TrustedKey): number {
  const signature = Buffer.alloc(maxSignatureBytes(key));
  return emitSignatureFile({ hint: key.hint, payload: statementOf(record), signature }).length;
}

function notVerified(key: TrustedKey, bytes: Uint8Array, signature: Uint8Array): BundleError {
  const [what, hint] = diagnose(key, bytes, signature) ?? [
    'it is by another key, or of other bytes',
    'check that publicKey belongs to the key that signs, and that it signs exactly the bytes it is given',
  ];
  return signingFault(key, `the signature does not verify with its public key: ${what}`, hint);
}

/** Finds the mistakes that signers are known to make. */
function diagnose(
  { key, algorithm }: TrustedKey,
  bytes: Uint8Array,
  signature: Uint8Array,
): readonly [string, string] | undefined {
  const hash = hashOf[algorithm];
  const fits = (data: Uint8Array, by: string | undefined, how: object = {}): boolean => {
    try {
      return verify(by, data, { key, ...how }, signature);
    } catch {
      return false;
    }
  };
  const digests = ['sha256', 'sha384', 'sha512'].map((name) => createHash(name).update(bytes).digest());
  if (digests.some((digest) => fits(digest, hash))) {
    return ['it is of a digest of the bytes', 'sign the bytes themselves; they must not be hashed before that'];
  }
  if (fits(bytes, hash, { dsaEncoding: 'ieee-p1363' })) {
    return ['it is r and s side by side', 'encode it in DER (for WebCrypto and JOSE: convert it)'];
  }
  if (fits(bytes, hash, { padding: constants.RSA_PKCS1_PSS_PADDING })) {
    return ['its padding is PSS', 'sign with PKCS #1 v1.5 padding'];
  }
  const others = ['sha256', 'sha384', 'sha512'].filter((name) => name !== hash);
  if (hash !== undefined && others.some((name) => fits(bytes, name))) {
    return [`its hash is not ${hash}`, `sign with ${hash}`];
  }
  return undefined;
}

function signingFault({ hint: keyHint }: TrustedKey, reason: string, hint: string, cause?: unknown): BundleError {
  return new BundleError('ERR_OCI_SIGNING', `signing the bundle with key ${keyHint}: ${reason}`, { cause, hint });
}
