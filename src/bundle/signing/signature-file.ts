import { z } from 'zod';
import { ProtocolError } from '../../errors/index.js';
import { listOf } from '../../oci/first-fault.js';
import { parseJsonAs } from '../../oci/strict-json.js';
import { ValueBudget } from '../../oci/value-budget.js';
import { canonicalJson } from '../canonical-json.js';
import { payloadType } from './pae.js';

/** Signatures of one bundle, those in it and those beside it together; the names `signatures/NN` end there too. */
export const maxSignatures = 16;

/** What a signature file says; nothing in it is trusted. */
export interface SignatureFile {
  /** Names the key: base64 of the sha256 of its DER SubjectPublicKeyInfo, as cosign does. It decides nothing. */
  readonly hint: string;
  /** What is signed. */
  readonly payload: Buffer;
  /** The signature of the payload's pre-authentication encoding. */
  readonly signature: Buffer;
}

/** Commas and opening brackets. */
const maxValues = 64;
const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

interface SigstoreBundle {
  readonly verificationMaterial: { readonly publicKey: { readonly hint: string } };
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly signatures: readonly { readonly sig: string }[];
  };
}

/** Base64 of 32 bytes. */
const hint = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, 'not the base64 of a sha256');

const schema: z.ZodType<SigstoreBundle> = z.strictObject({
  mediaType: z.literal(mediaType),
  verificationMaterial: z.strictObject({ publicKey: z.strictObject({ hint }) }),
  dsseEnvelope: z.strictObject({
    payload: z.string(),
    payloadType: z.literal(payloadType),
    signatures: listOf(z.strictObject({ sig: z.string().min(1).max(4096) })).refine(
      ({ length }) => length === 1,
      'not exactly one signature',
    ),
  }),
});

/**
 * Serialises a signature as a sigstore bundle v0.3, in its one form: compact JSON, members in this order, one newline.
 *
 * @remarks The envelope's signature has no `keyid`: it could only repeat the hint, and sigstore-go passes over a signature
 * whose `keyid` is not of a form of its own, so that cosign would not verify it.
 * @see https://github.com/sigstore/protobuf-specs/blob/v0.5.0/protos/sigstore_bundle.proto
 */
export function emitSignatureFile({ hint: name, payload, signature }: SignatureFile): Buffer {
  const envelope = {
    payload: payload.toString('base64'),
    payloadType,
    signatures: [{ sig: signature.toString('base64') }],
  };
  const file = { mediaType, verificationMaterial: { publicKey: { hint: name } }, dsseEnvelope: envelope };
  return Buffer.from(`${canonicalJson(file, false)}\n`);
}

/**
 * Reads a signature file, and refuses every spelling of it but our own.
 *
 * @throws {@link ProtocolError} `ERR_OCI_BAD_JSON`, `ERR_OCI_BAD_SCHEMA`
 */
export function parseSignatureFile(bytes: Uint8Array): SignatureFile {
  const what = 'a signature file';
  // It has a dozen values; sixteen files of millions would take half a gigabyte, and seconds each.
  if (new ValueBudget(maxValues).take(bytes) !== undefined) throw notCanonical(what);
  const { verificationMaterial, dsseEnvelope } = parseJsonAs(bytes, schema, what);
  const [only] = dsseEnvelope.signatures;
  const file = {
    hint: verificationMaterial.publicKey.hint,
    payload: Buffer.from(dsseEnvelope.payload, 'base64'),
    signature: Buffer.from(only?.sig ?? '', 'base64'),
  };
  // Base64 has many spellings, and JSON more.
  if (emitSignatureFile(file).equals(bytes)) return file;
  throw notCanonical(what);
}

function notCanonical(what: string): ProtocolError {
  return new ProtocolError('ERR_OCI_BAD_SCHEMA', `${what} is not in its canonical form`, {
    hint: 'it was made or changed by another program; sign the bundle again with bundle sign',
  });
}
