import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emitPartList, isFileName, type PartList, parsePartList, partName } from '../../../src/bundle/part-list.js';
import { isOciError } from '../../../src/errors/index.js';

const sha256 = fc.stringMatching(/^[a-f0-9]{64}$/);
const fileName = fc
  .oneof(fc.stringMatching(/^[a-z0-9.-]{1,40}$/), fc.string({ minLength: 1, maxLength: 60 }))
  .filter(isFileName);
const list: fc.Arbitrary<PartList> = fc
  .record({
    name: fileName,
    digits: fc.constantFrom(3, 4),
    sha256,
    parts: fc.array(fc.record({ size: fc.integer({ min: 1, max: 2 ** 40 }), sha256 }), { minLength: 1, maxLength: 20 }),
  })
  .map(({ name, digits, sha256: sum, parts }) => ({
    schemaVersion: 1,
    name,
    size: parts.reduce((total, { size }) => total + size, 0),
    sha256: sum,
    parts: parts.map((part, index) => ({ name: partName(name, index + 1, digits), ...part })),
  }));

test('what is written is read back the same', () => {
  fc.assert(
    fc.property(list, (value) => {
      expect(parsePartList(emitPartList(value), 'b.parts.json')).toEqual(value);
    }),
  );
});

test('whatever else is read is refused as PartsInvalid: any change of one byte that is not within a sum or a name', () => {
  fc.assert(
    fc.property(list, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, at, byte) => {
      const bytes = emitPartList(value);
      bytes[at % bytes.length] = byte;
      let read: PartList;
      try {
        read = parsePartList(bytes, 'b.parts.json');
      } catch (error) {
        expect(isOciError(error, 'ERR_OCI_BUNDLE_INVALID') && 'findingCode' in error && error.findingCode).toBe(
          'PartsInvalid',
        );
        return;
      }
      expect(emitPartList(read).equals(bytes)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('any bytes and any JSON are read or refused, and nothing but a plain name ever is one', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        expect(() => parsePartList(Buffer.from(bytes), 'b.parts.json')).toThrow(
          expect.objectContaining({ code: 'ERR_OCI_BUNDLE_INVALID' }),
        );
      },
    ),
  );
  for (const name of ['', '/', 'a/b', '..\\b', 'a\0', 'a\n', '\ud800', 'x'.repeat(201)])
    expect(isFileName(name)).toBe(false);
});
