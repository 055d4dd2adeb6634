import { createHash, type Hash } from 'node:crypto';
import { ArgumentError } from '../errors/index.js';

/** A digest algorithm this package can compute. */
export type DigestAlgorithm = 'sha256' | 'sha512';

/** The two halves of a digest. */
export interface ParsedDigest {
  /** The algorithm, left of the colon. */
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hex, right of the colon: 64 characters for sha256, 128 for sha512. */
  readonly encoded: string;
}

/** A sha256 or sha512 digest in its one legal spelling. */
export const digestPattern: RegExp = /^(?:(sha256):([a-f0-9]{64})|(sha512):([a-f0-9]{128}))$/;

const plainPattern = /^sha256:[a-f0-9]{64}$/;

/** Tells whether a text is a sha256 or sha512 digest in its one legal spelling. */
export function isDigest(text: string): boolean {
  // Nearly all are; a pattern without groups is matched in half the time, and lists have a hundred thousand.
  return plainPattern.test(text) || digestPattern.test(text);
}

/**
 * Splits a digest into algorithm and hex.
 *
 * @param text - such as `sha256:` and 64 lower-case hex characters
 * @param argument - the name to blame in the error
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_DIGEST` for anything else, other algorithms included
 */
export function parseDigest(text: string, argument = 'digest'): ParsedDigest {
  const match = digestPattern.exec(text);
  const algorithm = match?.[1] ?? match?.[3];
  const encoded = match?.[2] ?? match?.[4];
  if (algorithm === undefined || encoded === undefined) {
    throw new ArgumentError('ERR_OCI_INVALID_DIGEST', `${argument} is not a sha256 or sha512 digest: ${quote(text)}`, {
      argument,
      hint: 'write the algorithm, a colon, and 64 (sha256) or 128 (sha512) lower-case hex characters',
    });
  }
  return { algorithm: algorithm as DigestAlgorithm, encoded };
}

/** Computes the digest of bytes that are in memory. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Starts a running hash of the algorithm a digest names. */
export function createHasher(digest: string): { hash: Hash; finish: () => string } {
  const { algorithm } = parseDigest(digest);
  const hash = createHash(algorithm);
  return { hash, finish: () => `${algorithm}:${hash.digest('hex')}` };
}

function quote(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);
}
