import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../src/auth/challenge.js';
import { assertRealm, parseRealm } from '../../../src/auth/realm.js';
import { chooseScopes, splitScopes, uniteScopes } from '../../../src/auth/scope.js';
import { isHeaderToken, parseTokenAnswer } from '../../../src/auth/token-answer.js';

const askedAt = Date.parse('2026-11-20T12:00:00Z');
const dayMs = 24 * 60 * 60 * 1_000;
const any = fc.string({ unit: 'binary' });

describe('the answer of a token service', () => {
  const field = fc.oneof(fc.string(), any, fc.jsonValue({ maxDepth: 1 }));
  const answer = fc.record(
    {
      token: field,
      access_token: field,
      refresh_token: field,
      issued_at: field,
      expires_in: fc.oneof(field, fc.double(), fc.integer()),
    },
    { requiredKeys: [] },
  );
  const bytes = fc.oneof(
    answer.map((value) => Buffer.from(JSON.stringify(value))),
    fc.uint8Array(),
  );

  it('is a token that a header can carry and that ends within a day, or a typed error that does not repeat it', () => {
    fc.assert(
      fc.property(bytes, (document) => {
        try {
          const token = parseTokenAnswer(document, askedAt, 'x');
          expect(isHeaderToken(token.value)).toBe(true);
          expect(() => new Headers({ authorization: `Bearer ${token.value}` })).not.toThrow();
          expect(token.expiresAtMs).toBeGreaterThanOrEqual(askedAt);
          expect(token.expiresAtMs).toBeLessThanOrEqual(askedAt + dayMs);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_OCI_BAD_(?:JSON|SCHEMA)$/) as string });
          expect((error as Error).message).toMatch(/^the answer of the token service x [a-z_ ]+$/i);
          expect(error).not.toHaveProperty('cause');
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('is read as it was written, whatever clock the service has', () => {
    const token = fc.string({ unit: fc.constantFrom(...Array.from('aZ09._~+/=-!')), minLength: 1 });
    fc.assert(
      fc.property(
        token,
        fc.integer({ min: 1, max: 86_400 }),
        fc.date({ noInvalidDate: true }),
        (text, seconds, clock) => {
          const document = { access_token: text, expires_in: seconds, issued_at: clock };
          const found = parseTokenAnswer(Buffer.from(JSON.stringify(document)), askedAt, 'x');
          expect(found.value).toBe(text);
          const lifetimeMs = found.expiresAtMs - askedAt;
          expect(lifetimeMs).toBeGreaterThanOrEqual(seconds * 750);
          expect(lifetimeMs).toBeLessThan(seconds * 1_000);
        },
      ),
    );
  });
});

describe('scopes', () => {
  const scope = fc.oneof(
    fc
      .tuple(fc.constantFrom('a', 'b/c', 'h:5/d', ''), fc.constantFrom('pull', 'push,pull', 'delete', '*'))
      .map((p) => `repository:${p.join(':')}`),
    fc.constantFrom('aws', '*', 'registry:catalog:*', 'repository(plugin):x:pull'),
    any.map((text) => text.replace(/\s/g, '')).filter((text) => text !== ''),
  );

  it('survive being joined and split again, and being united twice', () => {
    fc.assert(
      fc.property(fc.array(scope), (scopes) => {
        const united = uniteScopes(scopes);
        expect(splitScopes(united.join(' '))).toEqual(united);
        expect(uniteScopes(united)).toEqual(united);
      }),
    );
  });

  it('that are asked for name no repository the request is not about, unless in a word of the registry’s own', () => {
    const own = fc.constantFrom('team/app', 'other').map((name) => [`repository:${name}:pull`]);
    const challenged = fc.array(
      fc.constantFrom('user/image', 'team/app', 'evil').map((name) => `repository:${name}:pull,push`),
    );
    fc.assert(
      fc.property(own, challenged, (mine, theirs) => {
        const names = chooseScopes(mine, theirs).map((text) => text.split(':')[1]);
        expect(names).toEqual(mine.map((text) => text.split(':')[1]));
      }),
    );
  });
});

describe('a realm', () => {
  it('of any text is a URL that may be asked, or a typed error without its query', () => {
    const url = fc.oneof(
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      any,
      fc.webUrl().map((text) => text.replace('://', '://u:hidden@')),
    );
    fc.assert(
      fc.property(url, (text) => {
        try {
          const realm = parseRealm(text, 'https://r.example', 'any-https');
          assertRealm(realm, 'https://r.example', 'any-https');
          expect([realm.protocol, realm.hash, realm.username]).toEqual(['https:', '', '']);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_OCI_REALM_REFUSED' });
          expect((error as Error).message).not.toContain('hidden');
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** So long that reading it takes minutes where each character is looked at once for every other one. */
const length = 256 * 1024;
const long = (piece: string): string => piece.repeat(length / piece.length);

describe('a header of 256 KiB', () => {
  it.each([
    'a="\\"',
    'a ',
    'a=',
    '"',
    '\\',
    'a b=',
    ',',
    ' ',
    'a a==',
    'Bearer ',
    'realm="x",',
    'scope="a:b:c",',
    '=',
    'a   =',
  ])('of challenges is read in one go: %j', (piece) => {
    for (const before of ['', 'Bearer ', 'Bearer realm="', 'Bearer a=']) {
      expect(parseChallenges([before + long(piece)]).length).toBeLessThanOrEqual(16);
    }
  });

  it.each([':', 'a:', 'a,', 'repository:a:', '(a)', ' ', 'a '])('of scopes is read in one go: %j', (piece) => {
    uniteScopes(splitScopes(long(piece)));
    uniteScopes([`repository:x:${long(piece)}!`]);
  });
});
