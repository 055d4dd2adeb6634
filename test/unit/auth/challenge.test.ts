import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Challenge, parseChallenges } from '../../../src/auth/challenge.js';

const read = (...lines: string[]): [string, Record<string, string>][] =>
  parseChallenges(lines).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('a challenge', () => {
  it.each<[string, string, [string, Record<string, string>][]]>([
    [
      'distribution',
      'Bearer realm="https://a.example/token",service="r.example",scope="repository:a/b:pull,push repository:c:pull"',
      [
        [
          'bearer',
          {
            realm: 'https://a.example/token',
            service: 'r.example',
            scope: 'repository:a/b:pull,push repository:c:pull',
          },
        ],
      ],
    ],
    ['zot', 'bearer realm=zot', [['bearer', { realm: 'zot' }]]],
    [
      'unquoted values',
      'Bearer realm=https://g.example/t,service=g.example',
      [['bearer', { realm: 'https://g.example/t', service: 'g.example' }]],
    ],
    [
      'a service with a space',
      'Bearer realm="x",service="olareg registry"',
      [['bearer', { realm: 'x', service: 'olareg registry' }]],
    ],
    [
      'scope on Basic',
      'Basic realm="o",scope="repository:x:pull",error="unauthorized"',
      [['basic', { realm: 'o', scope: 'repository:x:pull', error: 'unauthorized' }]],
    ],
    ['spaces around =', 'Bearer realm = "a" ,  service= b', [['bearer', { realm: 'a', service: 'b' }]]],
    [
      'escaped quotes and commas',
      'Bearer realm="a\\"b, c\\\\", service="x"',
      [['bearer', { realm: 'a"b, c\\', service: 'x' }]],
    ],
    ['names in capitals', 'BEARER Realm="A",SERVICE="B"', [['bearer', { realm: 'A', service: 'B' }]]],
    ['an empty scope', 'Bearer realm="a",scope=""', [['bearer', { realm: 'a', scope: '' }]]],
    [
      'several scopes',
      'Bearer realm="a",scope="x:y:z",scope="p:q:r"',
      [['bearer', { realm: 'a', scope: 'x:y:z p:q:r' }]],
    ],
    ['two realms, where the first counts', 'Bearer realm="a",realm="b"', [['bearer', { realm: 'a' }]]],
    ['commas left out', 'Bearer realm="a" service="b"', [['bearer', { realm: 'a', service: 'b' }]]],
    ['no parameters', 'Basic', [['basic', {}]]],
    [
      'two in one line',
      'Basic realm="x", Bearer realm="y",service="z"',
      [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y', service: 'z' }],
      ],
    ],
    [
      'a token in between',
      'Negotiate YWJj==, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'a bare scheme in between',
      'Negotiate, NTLM, Bearer realm="y"',
      [
        ['negotiate', {}],
        ['ntlm', {}],
        ['bearer', { realm: 'y' }],
      ],
    ],
    ['an open quote', 'Bearer realm="https://a.example', [['bearer', { realm: 'https://a.example' }]]],
    ['nothing', '', []],
    ['noise', ' , ;;; ="x"', []],
  ])('is read from %s', (_, line, expected) => {
    expect(read(line)).toEqual(expected);
  });

  it('is read from each of several headers', () => {
    expect(read('Bearer realm="a"', 'Basic')).toEqual([
      ['bearer', { realm: 'a' }],
      ['basic', {}],
    ]);
  });
});

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const value = fc.string({ unit: fc.constantFrom(...Array.from('abc,=" \\\t:/é')), maxLength: 20 });
const parameters = fc.uniqueArray(fc.tuple(token, value), { selector: ([name]) => name, minLength: 1, maxLength: 4 });

describe('the challenge parser', () => {
  it('reads back whatever was written by the rules', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(token, parameters), { maxLength: 4 }), (challenges) => {
        const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
        const line = challenges
          .map(([scheme, list]) => `${scheme} ${list.map(([name, text]) => `${name}=${quote(text)}`).join(', ')}`)
          .join(', ');
        const found = parseChallenges([line]).map(({ scheme, parameters: map }) => [scheme, [...map]]);
        expect(found).toEqual(challenges);
      }),
    );
  });

  it('never fails', () => {
    const noise = fc.string({ unit: fc.constantFrom(...Array.from('aB=",\\ \t;~/')), maxLength: 300 });
    fc.assert(
      fc.property(noise, (line) => {
        const found: Challenge[] = parseChallenges([line]);
        expect(found.length).toBeLessThanOrEqual(16);
      }),
    );
  });
});
