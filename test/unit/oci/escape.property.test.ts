import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText } from '../../../src/oci/escape.js';

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u001b', '\u202e', '\u200b', '\ufeff', '\r', '\n', '\ud800', '\u2028', '\u009b', '\u061c'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

describe('an escaped text', () => {
  it('has nothing in it that moves a cursor, turns a line round, or cannot be seen', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = escapeText(text);
        // Other characters of the same kinds: what is searched for is the kind, not the list in the source.
        expect(shown).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Cs}\u2028\u2029]/u);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is no longer than what it may be, is what it was where nothing is wrong, and is not escaped twice', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, most) => {
        // An escape takes six places, or eight for the characters beyond the first plane.
        expect(escapeText(text, most).length).toBeLessThanOrEqual(most * 8 + 1);
        expect(escapeText(escapeText(text, 10_000), 100_000)).toBe(escapeText(text, 10_000));
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => escapeText(text, 1_000) === text));
  });
});
