import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseErrorBody } from '../../../src/http/error-body.js';
import { createResponseHeaders } from '../../../src/http/headers.js';
import { nextLink, parseLinks } from '../../../src/http/link-header.js';
import { quoteRegistry, redactNonUrl, redactUrl } from '../../../src/http/redact.js';
import { refusesToken } from '../../../src/http/refused-token.js';
import { parseRetryAfter } from '../../../src/http/retry-after.js';
import { parseWarnings } from '../../../src/http/warning-header.js';

const any = fc.string({ unit: 'binary' });
const readWarnings = (...lines: string[]): string[] => parseWarnings(createResponseHeaders({ warning: lines }));
const controls = /[\p{Cc}\p{Bidi_Control}]/u;

describe('Retry-After', () => {
  const now = Date.parse('Fri, 20 Nov 2026 12:00:00 GMT');

  it('in seconds, or as a date, is the pause it was written for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 9 }), (seconds) => {
        expect(parseRetryAfter(String(seconds), now)).toBe(seconds * 1_000);
        expect(parseRetryAfter(new Date(now + seconds * 1_000).toUTCString(), now)).toBe(seconds * 1_000);
        expect(parseRetryAfter(new Date(now - seconds * 1_000).toUTCString(), now)).toBe(0);
      }),
    );
  });

  it('is a finite pause of 0 or more, or none, for any text', () => {
    const day = fc.constantFrom('Mon', 'Friday', 'Sun').map((name) => `${name}, `);
    const text = fc.oneof(
      any,
      fc.tuple(day, any).map((parts) => parts.join('')),
      fc.date().map(String),
    );
    fc.assert(
      fc.property(text, (value) => {
        const pause = parseRetryAfter(value, now) ?? 0;
        expect(Number.isFinite(pause) && pause >= 0).toBe(true);
      }),
    );
  });
});

describe('a warning', () => {
  const text = fc.string({ unit: fc.constantFrom(...Array.from('aé",\\ 29-')), maxLength: 30 });
  const write = (value: string): string => `299 - "${value.replace(/["\\]/g, '\\$&')}"`;

  it('is read as it was written, also in company', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (texts) => {
        expect(readWarnings(texts.map(write).join(', '))).toEqual(texts);
        expect(readWarnings(...texts.map(write))).toEqual(texts);
      }),
    );
  });

  it('of any form gives texts that can be shown', () => {
    fc.assert(
      fc.property(fc.array(any), (lines) => {
        for (const found of readWarnings(...lines, ...lines.map((line) => `299 - "${line}"`))) {
          expect(found).not.toMatch(controls);
        }
      }),
    );
  });
});

describe('an error body', () => {
  it('is read as it was written, code in capitals', () => {
    const entry = fc.record({
      code: fc.stringMatching(/^[A-Za-z_]{1,30}$/),
      message: fc.stringMatching(/^[a-z .]{1,60}$/),
    });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 12 }), (errors) => {
        const found = parseErrorBody(Buffer.from(JSON.stringify({ errors })), 8_192);
        expect(found).toEqual(errors.slice(0, 8).map(({ code, message }) => ({ code: code.toUpperCase(), message })));
      }),
    );
  });

  it('of any bytes, cut anywhere, gives at most eight entries that can be shown', () => {
    const json = fc.jsonValue().map((value) => JSON.stringify({ errors: [value, { code: value, message: value }] }));
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.tuple(json, fc.nat(200)).map(([text, cut]) => Buffer.from(text.slice(0, cut))),
    );
    fc.assert(
      fc.property(bytes, fc.nat(200), (body, most) => {
        const found = parseErrorBody(body, most);
        expect(found.length).toBeLessThanOrEqual(8);
        for (const { code, message } of found) expect(code + message).not.toMatch(controls);
        for (const status of [400, 403]) refusesToken({ method: 'GET', status, bytes: body });
      }),
    );
  });
});

describe('what goes into a message', () => {
  const secret = fc
    .stringMatching(/^[A-Za-z0-9+/_-]{12,60}={0,2}$/)
    .filter((text) => /[0-9A-Z_+/=]/.test(text.slice(1)));

  it('has no header value in it that a registry repeats', () => {
    const words = fc.constantFrom('the header Authorization: ', 'token ', '"', "invalid '", '');
    fc.assert(
      fc.property(words, fc.constantFrom('Bearer', 'basic', 'BEARER'), secret, (before, scheme, value) => {
        expect(quoteRegistry(`${before}${scheme} ${value} is wrong`, 400)).not.toContain(value);
      }),
    );
  });

  it('has no JSON web token in it', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-]{10,40}$/);
    fc.assert(
      fc.property(part, part, (claims, sign) => {
        const quoted = quoteRegistry(`cannot verify eyJhbGciOiJ.${claims}.${sign}!`, 400);
        expect([claims, sign].filter((one) => quoted.includes(one))).toEqual([]);
      }),
    );
  });

  it('is left as it is where it is prose', () => {
    for (const text of ['Basic authentication is required', 'bearer token expected', 'see https://a.example/Basic']) {
      expect(quoteRegistry(text, 400)).toBe(text);
    }
  });

  it('has nothing of the query or the user of a URL, whether it is one or not', () => {
    fc.assert(
      fc.property(fc.constantFrom('http://[', 'https://a.example/', '/v2/', ''), secret, (before, value) => {
        const text = `${before.replace('://', `://u:${encodeURIComponent(value)}@`)}?sig=${value}#${value}`;
        expect(redactNonUrl(text, 200)).not.toContain(value);
        if (URL.canParse(text)) expect(redactUrl(new URL(text))).not.toContain(value);
      }),
    );
  });
});

/** So long that reading it takes minutes where each character is looked at once for every other one. */
const length = 256 * 1024;
const long = (piece: string): string => piece.repeat(length / piece.length);

describe('256 KiB', () => {
  it.each(['<a>;', '<a>; b="\\"', ' ,', '<', '<a>; rel=next, ', '"\\', '<a>; a', ';', '<a>;;', '\\', '<a>; b=" '])(
    'of links is read in one go: %j',
    (piece) => {
      for (const before of ['', '<a>', '<a>; b="', '<a>; b=']) {
        try {
          parseLinks(before + long(piece));
          nextLink(createResponseHeaders({ link: before + long(piece) }), new URL('http://r.example/'));
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_OCI_BAD_LINK' });
        }
      }
    },
  );

  it.each(['299 - "', '299 - "a", ', ',', ', ', '"', '\\', '\\"', '299', ', 299 ', ',299 - "\\"'])(
    'of warnings is read in one go: %j',
    (piece) => {
      for (const before of ['', '299 - "']) readWarnings(before + long(piece));
    },
  );

  it.each(['Mon', 'Fri, ', '9', ' ', 'Monaaaa'])('of Retry-After is read in one go: %j', (piece) => {
    parseRetryAfter(long(piece), 0);
  });

  it.each(['{"code":', '{"code" :"a"', '"code":"a",', '{', '[', '"', '\\', ' ', '"code"  '])(
    'of an error is read in one go: %j',
    (piece) => {
      for (const before of ['', '{', '{"errors":[{"code":"']) parseErrorBody(Buffer.from(before + long(piece)), length);
    },
  );

  it.each(['Bearer ', 'Basic a', 'eyJ', 'eyJaaaaaaaa-', 'eyJaaaaaaaa.', '//', '?', '@', 'a:b@'])(
    'of what a registry repeats is searched in one go: %j',
    (piece) => {
      quoteRegistry(long(piece), 4_096);
      redactNonUrl(long(piece), 80);
    },
  );
});
