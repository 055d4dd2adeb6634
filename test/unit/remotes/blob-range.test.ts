import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerBody } from '../../../src/http/answer-body.js';
import { createResponseHeaders } from '../../../src/http/headers.js';
import type { RegistryResponse } from '../../../src/http/types.js';
import { partOf } from '../../../src/remotes/blob-range.js';

const url = new URL('https://registry.example/v2/app/blobs/x');
const answerWith = (contentRange: string): RegistryResponse => ({
  method: 'GET',
  url,
  status: 206,
  headers: createResponseHeaders({ 'content-range': contentRange }),
  leftOrigin: false,
  body: AnswerBody.of(Buffer.alloc(0)),
});
const blob = { mediaType: 'application/octet-stream', digest: `sha256:${'0'.repeat(64)}`, size: 300 };
const first = answerWith('');
const near = fc.integer({ min: 0, max: 400 });
const written = fc.tuple(near, near, fc.oneof(near.map(String), fc.constant('*')));

describe('a Content-Range', () => {
  it('is taken for no other part than the one that was asked for, whatever it says', () => {
    const anything = fc.oneof(
      fc.string(),
      written.map(([from, to, total]) => `bytes ${from}-${to}/${total}`),
    );
    fc.assert(
      fc.property(anything, fc.integer({ min: 0, max: 299 }), (range, offset) => {
        let part: ReturnType<typeof partOf>;
        try {
          part = partOf(answerWith(range), offset, first, blob);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_OCI_BAD_HEADER' });
          return;
        }
        expect(part.start).toBe(offset);
        expect(part.end).toBeGreaterThan(offset);
        expect(part.end).toBeLessThanOrEqual(300);
      }),
    );
  });

  it('that is what was asked for is taken, with the size of the whole or without', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 299 }), fc.nat(), fc.boolean(), (offset, more, isKnown) => {
        const last = offset + (more % (300 - offset));
        const range = `bytes ${offset}-${last}/${isKnown ? 300 : '*'}`;
        expect(partOf(answerWith(range), offset, first, blob)).toEqual({ start: offset, end: last + 1 });
      }),
    );
  });
});
