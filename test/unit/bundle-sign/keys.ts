import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { compareEntries } from '../../../src/bundle/entry-names.js';
import type { BundleRecord } from '../../../src/bundle/record.js';
import type { BundleSigner } from '../../../src/bundle/signing/bundle-signer.js';
import { createKeySigner } from '../../../src/bundle/signing/create-key-signer.js';
import { payloadType, preAuthEncoding } from '../../../src/bundle/signing/pae.js';
import { emitSignatureFile } from '../../../src/bundle/signing/signature-file.js';
import { statementOf } from '../../../src/bundle/signing/statement.js';
import { parseStrictJson } from '../../../src/oci/strict-json.js';
import type { TestFile } from '../bundle-read/archives.js';
import { filesOf, rebuilt } from '../bundle-read/bundles.js';

/** A key pair in the forms it is handed round in. */
export interface TestKey {
  readonly publicPem: string;
  readonly privatePem: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** Base64 of the sha256 of the DER public key, computed here by itself. */
  readonly hint: string;
  readonly signer: BundleSigner;
}

/** Every kind of key there is, by the name that tests show. */
export const kinds: Readonly<Record<string, () => { publicKey: KeyObject; privateKey: KeyObject }>> = {
  Ed25519: () => generateKeyPairSync('ed25519'),
  'ECDSA P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ECDSA P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'RSA 2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

/** Makes a key; Ed25519 unless a kind is named. */
export function makeKey(kind = 'Ed25519'): TestKey {
  const pair = kinds[kind]?.();
  if (pair === undefined) throw new Error(`there is no kind ${kind}`);
  const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
  const hint = createHash('sha256').update(spki).digest('base64');
  return { ...pair, publicPem, privatePem, hint, signer: createKeySigner(privatePem) };
}

/** What a bundle records. */
export async function recordOf(bundle: Buffer): Promise<BundleRecord> {
  const bytes = (await filesOf(bundle)).find(([path]) => path === 'bundle.json')?.[1] ?? '';
  return parseStrictJson(Buffer.from(bytes), 'bundle.json') as BundleRecord;
}

/** Signs a bundle as a party would that knows the format. */
export async function signatureOf(bundle: Buffer, key: TestKey): Promise<Buffer> {
  return signatureFile(statementOf(await recordOf(bundle)), key);
}

/** A signature file for any Statement, with Ed25519. */
export function signatureFile(payload: Buffer, { privateKey, hint }: TestKey): Buffer {
  return emitSignatureFile({ hint, payload, signature: sign(null, preAuthEncoding(payload, payloadType), privateKey) });
}

/** Puts signature files into a bundle, in the place of those it has. */
export async function withSignatures(bundle: Buffer, ...signatures: readonly (Buffer | string)[]): Promise<Buffer> {
  const entries = signatures.map(
    (bytes, index): TestFile => [`signatures/${String(index).padStart(2, '0')}.sigstore.json`, bytes],
  );
  return await rebuilt(bundle, (files) =>
    [...files.filter(([path]) => !path.startsWith('signatures/')), ...entries].sort(([a], [b]) => compareEntries(a, b)),
  );
}

/** The signature files of a bundle. */
export async function signaturesIn(bundle: Buffer): Promise<readonly Buffer[]> {
  const files = (await filesOf(bundle)).filter(([path]) => path.startsWith('signatures/'));
  return files.map(([, content]) => Buffer.from(content));
}
