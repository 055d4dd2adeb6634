import { OciError } from '../../errors/index.js';
import type { BundleRecord } from '../record.js';
import { preAuthEncoding } from './pae.js';
import { maxSignatures, parseSignatureFile } from './signature-file.js';
import { describePayload, statementOf } from './statement.js';
import { hasSigned, type TrustedKey } from './trusted-key.js';

/** A signature file, from the bundle or from beside it. */
export interface GivenSignature {
  /** Entry of the bundle, or where the caller has it from. */
  readonly path: string;
  /** Absent where it is too large to be read. */
  readonly bytes: Uint8Array | undefined;
}

/** What became of one signature. */
export interface SignatureVerdict {
  readonly path: string;
  /** `untrusted`: fine in form and about this bundle, by none of the keys; `unchecked`: there are no keys. */
  readonly status: 'trusted' | 'untrusted' | 'unchecked' | 'invalid' | 'too-large' | 'too-many';
  /** The key it names; it may name any. */
  readonly hint?: string | undefined;
  /** Why it is invalid. */
  readonly reason?: string | undefined;
}

/** What a signature of this bundle has to be about. */
interface Expected {
  readonly payload: Buffer;
  readonly signedBytes: Buffer;
}

/**
 * Checks the signatures of one bundle as they come, and knows who has signed.
 *
 * @remarks It belongs to a validation, not to a rule: which rules there are does not change who has signed.
 */
export class SignatureLedger {
  readonly verdicts: SignatureVerdict[] = [];
  readonly #keys: readonly TrustedKey[];
  readonly #makePayload: () => Buffer;
  readonly #signedBy = new Set<TrustedKey>();
  #expected: Expected | undefined;

  /** @param recordDigest - sha256 digest of the `bundle.json` that was read */
  constructor(record: BundleRecord, recordDigest: string, keys: readonly TrustedKey[]) {
    this.#keys = keys;
    this.#makePayload = () => statementOf(record, recordDigest);
  }

  /** Hints of the keys that have signed, each once, however many signatures are by it. */
  get signedBy(): readonly string[] {
    return this.#keys.filter((key) => this.#signedBy.has(key)).map(({ hint }) => hint);
  }

  /** Checks one signature. */
  add({ path, bytes }: GivenSignature): void {
    if (this.verdicts.length > maxSignatures) return;
    this.verdicts.push({ path, ...this.#judge(bytes) });
  }

  #judge(bytes: Uint8Array | undefined): Omit<SignatureVerdict, 'path'> {
    if (this.verdicts.length === maxSignatures) return { status: 'too-many' };
    if (bytes === undefined) return { status: 'too-large' };
    let file: ReturnType<typeof parseSignatureFile>;
    try {
      file = parseSignatureFile(bytes);
    } catch (error) {
      if (!(error instanceof OciError)) throw error;
      return { status: 'invalid', reason: error.message };
    }
    const { hint, payload, signature } = file;
    const expected = this.#expect();
    if (!payload.equals(expected.payload)) return { status: 'invalid', hint, reason: describePayload(payload) };
    if (this.#keys.length === 0) return { status: 'unchecked', hint };
    const signer = this.#keys.find((key) => hasSigned(key, expected.signedBytes, signature));
    if (signer !== undefined) {
      // The hint is under no signature: whoever changed it could change nothing else, and must be found out all the same.
      if (signer.hint !== hint)
        return { status: 'invalid', hint, reason: 'it names another key than the one that signed' };
      this.#signedBy.add(signer);
      return { status: 'trusted', hint: signer.hint };
    }
    if (!this.#keys.some((key) => key.hint === hint)) return { status: 'untrusted', hint };
    return { status: 'invalid', hint, reason: 'it names a trusted key and does not verify with it' };
  }

  /** Most bundles have no signature, and a record may have thousands of images. */
  #expect(): Expected {
    if (this.#expected === undefined) {
      const payload = this.#makePayload();
      this.#expected = { payload, signedBytes: preAuthEncoding(payload) };
    }
    return this.#expected;
  }
}
