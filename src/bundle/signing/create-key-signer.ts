import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { z } from 'zod';
import { checkOptions } from '../../content/check-options.js';
import type { BundleSigner } from './bundle-signer.js';
import { badKey, hashOf, pemLabel, readPublicKey } from './trusted-key.js';

/** Options of {@link createKeySigner}. */
export interface KeySignerOptions {
  /** Opens a key that is encrypted. */
  readonly passphrase?: string | undefined;
}

const schema = z.strictObject({ passphrase: z.string().min(1).optional() });
const toPkcs8 = 'openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW';

/**
 * Makes a signer from a private key in PKCS #8 PEM: Ed25519, ECDSA on P-256 or P-384, RSA of 2048 bits or more.
 *
 * @remarks Ed25519 gives the same signature each time, so that a signed bundle has the same bytes each time. The key stays
 * in this process; no error repeats anything of it.
 * @param pem - `-----BEGIN PRIVATE KEY-----`, or `ENCRYPTED PRIVATE KEY` with a passphrase
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { BundleWriter, createKeySigner } from '@stellaops/oci-referrers';
 *
 * const writer = new BundleWriter({ signers: [createKeySigner(await readFile('bundle-key.pem', 'utf8'))] });
 * ```
 */
export function createKeySigner(pem: string, options: KeySignerOptions = {}): BundleSigner {
  checkOptions(schema, options);
  const key = readPrivateKey(pem, options.passphrase);
  const publicKey = createPublicKey(key);
  const { algorithm } = readPublicKey(publicKey, 'key');
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (payload) => sign(hashOf[algorithm], payload, key),
  };
}

function readPrivateKey(pem: string, passphrase: string | undefined): KeyObject {
  const label = pemLabel(pem);
  if (label === undefined) throw badKey('key', 'is no PEM private key', 'give a file with -----BEGIN PRIVATE KEY-----');
  if (/SIGSTORE|COSIGN/.test(label)) {
    const hint = 'sign with a key in PKCS #8 (openssl genpkey -algorithm ed25519), or with a signer callback';
    throw badKey('key', 'is a private key in a form of cosign, which only cosign opens', hint);
  }
  if (!label.endsWith('PRIVATE KEY')) {
    throw badKey('key', 'is not a private key', 'give the private half, in PKCS #8 PEM');
  }
  if (label !== 'PRIVATE KEY' && label !== 'ENCRYPTED PRIVATE KEY') {
    throw badKey('key', `is a private key in another form (${label})`, `convert it to PKCS #8: ${toPkcs8}`);
  }
  const isEncrypted = label === 'ENCRYPTED PRIVATE KEY';
  if (isEncrypted && passphrase === undefined) {
    throw badKey('key', 'is encrypted, and no passphrase was given', 'give its passphrase');
  }
  try {
    return createPrivateKey(isEncrypted ? { key: pem, format: 'pem', passphrase } : pem);
  } catch {
    // What OpenSSL says is left out: nobody vouches that it repeats nothing of the key.
    const reason = isEncrypted ? 'cannot be opened with this passphrase, or is damaged' : 'is a damaged private key';
    throw badKey('key', reason, 'check it with openssl pkey -in KEY -noout');
  }
}
