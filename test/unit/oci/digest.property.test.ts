import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, isDigest, parseDigest } from '../../../src/oci/digest.js';
import { isTag } from '../../../src/oci/reference.js';
import { isLegacyTag, referrersTag } from '../../../src/oci/referrers-tag.js';

const algorithm = fc.constantFrom('sha256' as const, 'sha512' as const);
const hexOf = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: length, maxLength: length });
const digest = fc.oneof(
  hexOf(64).map((hex) => `sha256:${hex}`),
  hexOf(128).map((hex) => `sha512:${hex}`),
);
/** Texts that are digests but for one thing. */
const nearly = fc
  .tuple(digest, fc.nat(140), fc.constantFrom('', 'A', 'g', ':', '/', '\n', ' ', '\u0430', '0'))
  .map(([text, at, change]) => `${text.slice(0, at)}${change}${text.slice(at + 1)}`);

describe('a digest', () => {
  it('of any bytes is one, and falls into its two halves and back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), algorithm, (bytes, name) => {
        const text = digestOf(bytes, name);
        const parsed = parseDigest(text);
        expect(parsed.algorithm).toBe(name);
        expect(`${parsed.algorithm}:${parsed.encoded}`).toBe(text);
      }),
    );
  });

  it('is read, or refused with a typed error that names the argument, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly, digest), (text) => {
        try {
          const { algorithm: name, encoded } = parseDigest(text, 'x');
          expect(`${name}:${encoded}`).toBe(text);
          expect(isDigest(text)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_OCI_INVALID_DIGEST', argument: 'x' });
          expect((error as Error).message.length).toBeLessThan(1_200);
          expect(isDigest(text)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('that is refused is refused at once, however long it is', () => {
    for (const piece of ['a', 'sha256:', '0', ':'])
      expect(isDigest(piece.repeat(8_000_000 / piece.length))).toBe(false);
  });
});

describe('a referrers tag', () => {
  it('is a legal tag for every digest, and tells digests apart by their first 64 letters', () => {
    fc.assert(
      fc.property(digest, digest, (one, other) => {
        const tags = [one, other].map((text) => referrersTag(text));
        for (const tag of tags) expect(isTag(tag)).toBe(true);
        const heads = [one, other].map((text) => text.slice(0, 'sha256:'.length + 64));
        expect(tags[0] === tags[1]).toBe(heads[0] === heads[1]);
      }),
    );
  });

  it('is no older tag of its subject, and with a suffix it is one of that subject alone', () => {
    const suffix = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
    fc.assert(
      fc.property(digest, digest, suffix, (subject, other, end) => {
        const tag = referrersTag(subject);
        expect(isLegacyTag(tag, subject)).toBe(false);
        expect(isLegacyTag(`${tag}.${end}`, subject)).toBe(true);
        expect(isLegacyTag(`${tag}.${end}`, other)).toBe(referrersTag(other) === tag);
      }),
    );
  });

  it('is made of nothing but digests', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly), (text) => {
        fc.pre(!isDigest(text));
        expect(() => referrersTag(text)).toThrow(expect.objectContaining({ code: 'ERR_OCI_INVALID_DIGEST' }) as Error);
      }),
    );
  });
});
