import { Readable } from 'node:stream';
import { digestOf } from '@stellaops/oci-referrers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlobParts } from '../../../src/remotes/blob-parts.js';

async function readPart(
  parts: BlobParts,
  start: number,
  end: number,
  most = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
  const body = parts.body(start, end);
  if (typeof body !== 'function') return Buffer.from(body);
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body() as AsyncIterable<Buffer>) {
    pieces.push(piece);
    size += piece.length;
    if (size >= most) break;
  }
  return Buffer.concat(pieces);
}

describe('the parts of a blob', () => {
  it('are the bytes that were asked for, whatever pieces the content comes in and whatever broke off before', async () => {
    const requests = fc.array(fc.record({ from: fc.nat(300), length: fc.nat(300), broken: fc.boolean() }), {
      maxLength: 6,
    });
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 50 }),
      requests,
      async (content, pieceBytes, asked) => {
        const bytes = Buffer.from(content);
        const blob = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };
        const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, at) =>
          bytes.subarray(at * pieceBytes, (at + 1) * pieceBytes),
        );
        const parts = new BlobParts(() => Readable.from(pieces, { objectMode: false }), blob);
        let position = 0;
        for (const { from, length, broken } of [...asked, { from: 0, length: bytes.length, broken: false }]) {
          // Every other part follows the one before it, as chunks do.
          const start = Math.min(bytes.length, length % 2 === 0 ? position : from);
          const end = Math.min(bytes.length, start + length);
          const read = await readPart(parts, start, end, broken ? 1 : undefined);
          const expected = bytes.subarray(start, end);
          expect(broken ? expected.subarray(0, read.length) : expected).toEqual(read);
          position = end;
        }
        parts.close();
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it('are read in one go from content that is opened once, when each follows the one before', async () => {
    const bytes = Buffer.from('abcdefghij');
    let opened = 0;
    const parts = new BlobParts(
      () => {
        opened += 1;
        return Readable.from([bytes.subarray(0, 7), bytes.subarray(7)], { objectMode: false });
      },
      { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: 10 },
    );
    const read = [await readPart(parts, 0, 4), await readPart(parts, 4, 8), await readPart(parts, 8, 10)];
    expect(read.map(String)).toEqual(['abcd', 'efgh', 'ij']);
    expect(opened).toBe(1);
  });
});
