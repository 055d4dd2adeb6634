import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResponseHeaders } from '../../../src/http/headers.js';
import { nextLink, parseLinks } from '../../../src/http/link-header.js';

const base = new URL('https://r.example/v2/team/app/referrers/sha256:1?artifactType=a');
const next = (...lines: string[]): string | undefined => nextLink(createResponseHeaders({ link: lines }), base)?.href;
const badLink = expect.objectContaining({ code: 'ERR_OCI_BAD_LINK', name: 'ProtocolError' }) as Error;

describe('the next page of a Link header', () => {
  it.each([
    ['a relative path', '</v2/x?n=2&last=t0>; rel="next"', 'https://r.example/v2/x?n=2&last=t0'],
    ['rel without quotes (olareg)', '</v2/x?page=1>; rel=next', 'https://r.example/v2/x?page=1'],
    ['an absolute URL', '<https://other.example/x>; rel="next"', 'https://other.example/x'],
    ['a query alone', '<?page=2>;rel=next', 'https://r.example/v2/team/app/referrers/sha256:1?page=2'],
    ['any case', '</x>; REL="NEXT"', 'https://r.example/x'],
    ['several relations', '</x>; rel="prev next"', 'https://r.example/x'],
    ['several links', '</a>; rel="first", </x>; rel="next", </b>; rel=last', 'https://r.example/x'],
    ['other parameters', '</x>; title="a, <b>; c \\" d"; rel=next; type=text/x', 'https://r.example/x'],
    ['a comma and semicolon in the target', '</x?a=1,2;3>; rel=next', 'https://r.example/x?a=1,2;3'],
    ['white space everywhere', ' \t</x> \t; \trel = "next" \t, ', 'https://r.example/x'],
    ['empty elements', ', ,</x>; rel=next,,', 'https://r.example/x'],
    ['an empty parameter', '</x>;; rel=next;', 'https://r.example/x'],
    ['an escaped letter', '</x>; rel="ne\\xt"', 'https://r.example/x'],
    ['the same link twice', '</x>; rel=next, <https://r.example/x>; rel=next', 'https://r.example/x'],
  ])('is found with %s', (_, line, expected) => {
    expect(next(line)).toBe(expected);
  });

  it('is found in any of several headers', () => {
    expect(next('</a>; rel=prev', '</x>; rel=next')).toBe('https://r.example/x');
  });

  it.each([
    ['no header'],
    ['an empty header', ''],
    ['another relation', '</a>; rel="prev"'],
    ['a relation that only contains the word', '</a>; rel="nextish"'],
    ['no relation', '</a>'],
    ['a second rel, which does not count', '</a>; rel=prev; rel=next'],
    ['a link about something else', '</a>; rel=next; anchor="/elsewhere"'],
  ])('is not there with %s', (_, ...lines) => {
    expect(next(...lines)).toBeUndefined();
  });

  it.each([
    ['no brackets', '/v2/x; rel=next'],
    ['an open bracket', '</v2/x; rel=next'],
    ['an open quote', '</v2/x>; rel="next'],
    ['a word after the target', '</v2/x> rel=next'],
    ['a missing comma', '</a>; rel=prev </x>; rel=next'],
    ['a parameter without a value', '</a>; rel='],
    ['white space in the target', '</a b>; rel=next'],
    ['two different next pages', '</a>; rel=next, </b>; rel=next'],
    ['a target that is no URL', '<http://[>; rel=next'],
  ])('is an error with %s', (_, line) => {
    expect(() => next(line)).toThrow(badLink);
  });

  it('is an error with different ones in two headers', () => {
    expect(() => next('</a>; rel=next', '</b>; rel=next')).toThrow(badLink);
  });
});

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const value = fc.string({ unit: fc.constantFrom(...Array.from('abc,;<>="\\ \t\'/é')), maxLength: 20 });
const target = fc.stringMatching(/^[a-z0-9/?&=,;:%.-]{0,30}$/);
const parameters = fc.uniqueArray(fc.tuple(token, value), { selector: ([name]) => name, maxLength: 4 });

describe('the Link parser', () => {
  it('reads back whatever was written by the rules', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(target, parameters), { maxLength: 5 }), (links) => {
        const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
        const line = links
          .map(([uri, list]) => [`<${uri}>`, ...list.map(([name, text]) => `${name}=${quote(text)}`)].join('; '))
          .join(', ');
        expect(parseLinks(line).map((link) => [link.target, [...link.parameters]])).toEqual(links);
      }),
    );
  });

  it('either reads any text or throws ERR_OCI_BAD_LINK', () => {
    const noise = fc.string({ unit: fc.constantFrom(...Array.from('<>,;="\\ ab/')), maxLength: 200 });
    fc.assert(
      fc.property(noise, (line) => {
        try {
          parseLinks(line);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_OCI_BAD_LINK' });
        }
      }),
    );
  });
});
