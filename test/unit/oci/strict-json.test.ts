import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from '../../../src/oci/strict-json.js';

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text), 'answer');
const refused = expect.objectContaining({ code: 'ERR_OCI_BAD_JSON' }) as Error;

describe('strict JSON', () => {
  it('reads what JSON.parse reads, for every value without duplicate keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 2, '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('allows white space around the value', () => {
    expect(parse(' \r\n\t{"a": 1}\n ')).toEqual({ a: 1 });
  });

  it('refuses any other byte after the value', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => text.trim() !== ''),
        (rest) => {
          expect(() => parse(`{"a":1}${rest}`)).toThrow(refused);
        },
      ),
    );
  });

  it('refuses every cut of a document', () => {
    const text = JSON.stringify({
      schemaVersion: 2,
      manifests: [{ digest: 'sha256:…', annotations: { 'a"b': '\\' } }],
    });
    for (let length = 0; length < text.length; length++) expect(() => parse(text.slice(0, length))).toThrow(refused);
  });

  it.each([
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a key twice', Buffer.from('{"a":1,"a":2}')],
    ['a key twice, once escaped', Buffer.from('{"a":1,"\\u0061":2}')],
    ['a key twice in a nested object', Buffer.from('{"x":[{"a":1,"b":{},"a":2}]}')],
    ['nesting without end', Buffer.from(`${'['.repeat(100)}${']'.repeat(100)}`)],
    ['nothing', Buffer.from('')],
  ])('refuses %s', (_name, bytes) => {
    expect(() => parseStrictJson(bytes, 'answer')).toThrow(refused);
  });

  const many = Array.from({ length: 20 }, (_, at) => `k${at}`);
  const withKeys = (...keys: readonly string[]): string => `{${keys.map((key) => `"${key}":0`).join(',')}}`;

  it.each(many)('finds %s where it is there a second time, among twenty keys', (key) => {
    expect(() => parse(withKeys(...many, key))).toThrow(refused);
    expect(() => parse(`[${withKeys(...many)},{"x":${withKeys(key, 'other', key)}}]`)).toThrow(refused);
  });

  it('does not take the keys of one object for those of its siblings, few or many', () => {
    const objects = [many, ['a', 'b'], many, ['b'], ['a', 'b']].map((keys) => withKeys(...keys));
    const text = `{"a":[${objects.join(',')}],"b":${withKeys(...many)}}`;
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it('does not take a string for a key, or the same key in two objects for a duplicate', () => {
    const text = '{"a":["a","a:",{"a":1},{"a":"\\"a\\":"}],"b":"a"}';
    expect(parse(text)).toEqual(JSON.parse(text));
  });
});
