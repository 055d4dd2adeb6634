import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from '../../../src/oci/strict-json.js';

const nothing = Symbol('refused');

/** The value, or that it was refused; any other error fails the test. */
function read(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes, 'answer');
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_OCI_BAD_JSON', name: 'ProtocolError' });
    expect((error as Error).message).toMatch(/^answer [\x20-\x7e]{1,300}$/);
    return nothing;
  }
}

/** Texts made of what JSON is made of, most of them broken. */
const pieces = fc.array(
  fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"a"',
    '"',
    '\\',
    '\\"',
    '1',
    '-',
    'e9',
    'null',
    ' ',
    '\n',
    '\u0000',
    'é',
  ),
  { maxLength: 12 },
);

describe('strict JSON', () => {
  it('is a value that JSON.parse gives too, or a typed error, for any bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      pieces.map((list) => Buffer.from(list.join(''))),
    );
    fc.assert(
      fc.property(bytes, (document) => {
        const value = read(document);
        if (value !== nothing) expect(value).toEqual(JSON.parse(Buffer.from(document).toString()));
      }),
      { numRuns: 2_000 },
    );
  });

  it('has each key of an object once: of two that are equal when read, none wins', () => {
    const key = fc.string({ unit: fc.constantFrom('a', '"', '\\', 'é', '\n', '{') });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, fc.constantFrom('1', '{"a":[]}', '"\\\\\\":"')), { maxLength: 5 }),
        (entries) => {
          const text = `{${entries.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join()}}`;
          const isUnique = new Set(entries.map(([name]) => name)).size === entries.length;
          expect(read(Buffer.from(text)) !== nothing).toBe(isUnique);
        },
      ),
    );
  });

  it('is read in one go: 4 MiB of what takes some parsers hours take a moment', () => {
    const most = 4 * 1024 * 1024;
    const repeat = (piece: string): string => piece.repeat(Math.floor(most / piece.length));
    const documents = [
      `"${repeat('\\\\')}"`,
      `"${repeat('\\"')}"`,
      `[${repeat('"",').slice(0, -1)}]`,
      `{"a"${repeat(' ')}:1}`,
      `[${repeat('"\\\\",').slice(0, -1)}]`,
      `{${Array.from({ length: 200_000 }, (_, index) => `"${index}":{}`).join()}}`,
      repeat('['),
      repeat('{"a":'),
      repeat('"'),
      repeat('\\'),
    ];
    for (const text of documents) read(Buffer.from(text));
  });
});
