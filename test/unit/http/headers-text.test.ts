import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conflictingHeader, createResponseHeaders, quotedWith } from '../../../src/http/headers.js';
import { redactUrl } from '../../../src/http/redact.js';
import { parseRetryAfter } from '../../../src/http/retry-after.js';
import { parseWarnings } from '../../../src/http/warning-header.js';

describe('Retry-After', () => {
  const now = Date.parse('Fri, 20 Nov 2026 12:00:00 GMT');

  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Fri, 20 Nov 2026 12:00:30 GMT', 30_000],
    ['Friday, 20-Nov-26 12:00:30 GMT', 30_000],
    ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
    ['999999999999', 999_999_999_999_000],
  ])('%j is understood', (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });

  it.each([undefined, '', '-1', '1.5', 'soon', '2026-11-20T12:00:30Z', 'Fri, 99 Foo 2026', '1'.repeat(20)])(
    '%j is ignored',
    (value) => {
      expect(parseRetryAfter(value, now)).toBeUndefined();
    },
  );

  it('gives a pause of 0 or more, or none, for any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const pause = parseRetryAfter(text, now);
        expect(pause === undefined || pause >= 0).toBe(true);
      }),
    );
  });
});

describe('a header that came twice', () => {
  const single = ['content-type', 'docker-content-digest', 'content-length', 'location', 'etag', 'oci-subject'];

  it.each(single)('with the same value is one %s', (name) => {
    const headers = createResponseHeaders({ [name]: ['a', 'a '] });
    expect(headers.get(name.toUpperCase())).toBe('a');
    expect(headers.all(name)).toEqual(['a', 'a ']);
    expect(conflictingHeader(headers)).toBeUndefined();
  });

  it.each(single)('with two values is a conflict for %s', (name) => {
    expect(conflictingHeader(createResponseHeaders({ [name]: ['a', 'b'] }))).toBe(name);
  });

  it('with two values is a list where it may be one', () => {
    const headers = createResponseHeaders({ link: ['<a>', '<a>'] });
    expect(headers.get('link')).toBe('<a>, <a>');
    expect(conflictingHeader(headers)).toBeUndefined();
  });
});

describe('Warning headers', () => {
  const parse = (...lines: string[]): string[] => parseWarnings(createResponseHeaders({ warning: lines }));

  it('with code 299 give their text', () => {
    expect(parse('299 - "old API, \\"v1\\""', '299 - "a", 299 - "b"')).toEqual(['old API, "v1"', 'a', 'b']);
  });

  it('of any other form say nothing', () => {
    expect(parse('199 - "x"', '299 host "x"', '299 - x', '299 -', '')).toEqual([]);
  });

  it('are cut at 4,096 characters and cannot draw on a terminal', () => {
    const [text = ''] = parse(`299 - "\u001b[31m${'x'.repeat(5_000)}"`);
    expect(text.startsWith('\\u001b[31m')).toBe(true);
    expect(text.length).toBeLessThan(4_096 + 10);
  });

  it('never fail', () => {
    fc.assert(fc.property(fc.array(fc.string()), (lines) => void parse(...lines)));
  });
});

describe('a URL in a message', () => {
  it('keeps what is harmless and hides every other value', () => {
    const url = new URL('https://u:p@r.example:5000/v2/x?n=10&_state=abc&X-Amz-Signature=def&digest=sha256:1#frag');
    expect(redactUrl(url)).toBe(
      'https://r.example:5000/v2/x?n=10&_state=REDACTED&X-Amz-Signature=REDACTED&digest=sha256%3A1',
    );
  });

  it('never shows the value of a key nobody vouched for', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{6,12}$/), fc.stringMatching(/^[A-Z0-9]{8,20}$/), (key, value) => {
        fc.pre(!['digest', 'service', 'account'].includes(key));
        const url = new URL(`https://${key}:${value}@r.example/path`);
        url.searchParams.set(`x${key}`, value);
        expect(redactUrl(url)).not.toContain(value);
      }),
    );
  });
});

describe('a header that is quoted', () => {
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const headers = quotedWith(
    createResponseHeaders({ 'content-type': type, server: '\u001b[2Jx', empty: ' ' }),
    (text) => text.replaceAll('docker', 'REDACTED'),
  );

  it('is without the secret, which the protocol reads as it came: a password may stand in a media type', () => {
    expect(headers.get('Content-Type')).toBe(type);
    expect(headers.quote('Content-Type', 128)).toBe('application/vnd.REDACTED.distribution.manifest.v2+json');
  });

  it('redraws no terminal, is undefined where there is none, and is counted where it is long: a part of a secret is one too', () => {
    expect(headers.quote('server', 10)).toBe('\\u001b[2Jx');
    expect([headers.quote('empty', 10), headers.quote('absent', 10)]).toEqual([undefined, undefined]);
    expect(headers.quote('content-type', 10)).toBe('(54 characters, not shown)');
  });
});
