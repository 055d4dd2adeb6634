import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { ArgumentError } from '../../errors/index.js';

/** Keys this package signs and verifies with. */
export type SigningAlgorithm = 'ed25519' | 'ecdsa-p256' | 'ecdsa-p384' | 'rsa';

/** A public key that signatures are verified with. */
export interface TrustedKey {
  /** Base64 of the sha256 of its DER SubjectPublicKeyInfo; the same as cosign's. */
  readonly hint: string;
  /** The key itself. */
  readonly key: KeyObject;
  /** What is signed with it, and how: Ed25519; ECDSA in DER with SHA-256 or SHA-384; RSA PKCS #1 v1.5 with SHA-256. */
  readonly algorithm: SigningAlgorithm;
}

/** The hash that goes with a key; Ed25519 hashes for itself. */
export const hashOf: Readonly<Record<SigningAlgorithm, 'sha256' | 'sha384' | undefined>> = {
  ed25519: undefined,
  'ecdsa-p256': 'sha256',
  'ecdsa-p384': 'sha384',
  rsa: 'sha256',
};

const minRsaBits = 2048;
/** A PEM public key of any kind that is taken has under 4 KiB. */
const maxPemLength = 16 * 1024;

/**
 * Reads a public key that a caller trusts or signs with: a PEM of its own (`cosign.pub` is one), or a key object.
 *
 * @param argument - the option it was given as
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`
 */
export function readPublicKey(given: string | KeyObject, argument: string): TrustedKey {
  const raw = typeof given === 'string' ? parsePem(given, argument) : given;
  if (raw.type !== 'public') throw notPublic(raw.type, argument);
  const algorithm = algorithmOf(raw, argument);
  // One key has several encodings (compressed points, parameters left out); it must not pass for two.
  const key = createPublicKey({ key: raw.export({ format: 'jwk' }), format: 'jwk' });
  const spki = key.export({ type: 'spki', format: 'der' });
  return { hint: createHash('sha256').update(spki).digest('base64'), key, algorithm };
}

/** Tells whether a key has signed some bytes; a signature that cannot be one is false, not an error. */
export function hasSigned({ key, algorithm }: TrustedKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(hashOf[algorithm], bytes, key, signature);
  } catch {
    return false;
  }
}

/** The most bytes a signature by this key has; ECDSA's are often one or two fewer. */
export function maxSignatureBytes({ key, algorithm }: TrustedKey): number {
  if (algorithm === 'rsa') return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
  return { ed25519: 64, 'ecdsa-p256': 72, 'ecdsa-p384': 104 }[algorithm];
}

/** Makes the error for a key that cannot be used; what is in the file is never repeated. */
export function badKey(argument: string, reason: string, hint: string): ArgumentError {
  return new ArgumentError('ERR_OCI_INVALID_OPTION', `option ${argument}: ${reason}`, { argument, hint });
}

/** Returns the label of the first PEM block of a text, such as `PUBLIC KEY`. */
export function pemLabel(text: string): string | undefined {
  return /-----BEGIN ([A-Z0-9 ]{1,64})-----/.exec(text.slice(0, maxPemLength))?.[1];
}

function parsePem(text: string, argument: string): KeyObject {
  const label = pemLabel(text);
  if (label === undefined || text.length > maxPemLength) {
    throw badKey(argument, 'is no PEM public key', 'give a file that begins with -----BEGIN PUBLIC KEY-----');
  }
  if (label.endsWith('PRIVATE KEY')) throw notPublic('private', argument);
  if (label.endsWith('CERTIFICATE')) {
    const hint = 'nothing but the key would be trusted: take it out with openssl x509 -in CERT -noout -pubkey';
    throw badKey(argument, 'is a certificate, not a public key', hint);
  }
  if (label !== 'PUBLIC KEY') {
    const hint = 'write it as SubjectPublicKeyInfo; for RSA: openssl rsa -RSAPublicKey_in -in KEY -pubout';
    throw badKey(argument, `is a PEM of another kind (${label})`, hint);
  }
  if (!/^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/.test(text)) {
    throw badKey(argument, 'holds more than one public key, or text around it', 'give each key in a file of its own');
  }
  try {
    return createPublicKey(text);
  } catch {
    throw badKey(argument, 'is a damaged public key', 'compare it with the one that was handed over');
  }
}

function algorithmOf(key: KeyObject, argument: string): SigningAlgorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return 'ed25519';
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ecdsa-p256';
  if (type === 'ec' && details?.namedCurve === 'secp384r1') return 'ecdsa-p384';
  const bits = details?.modulusLength ?? 0;
  if (type === 'rsa' && bits >= minRsaBits) return 'rsa';
  const size = type === 'rsa' ? ` of ${bits} bits` : '';
  const what = `${type ?? 'unknown'}${details?.namedCurve === undefined ? size : ` on ${details.namedCurve}`}`;
  const hint = `use Ed25519, ECDSA on P-256 or P-384, or RSA of ${minRsaBits} bits or more`;
  throw badKey(argument, `is a key of a kind that is not taken (${what})`, hint);
}

function notPublic(type: KeyObject['type'], argument: string): ArgumentError {
  const hint = 'give the public half: openssl pkey -in KEY -pubout; for cosign: cosign.pub';
  return badKey(argument, `is a ${type} key, not a public one`, hint);
}
