import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginHash } from '../../../src/content/running-hash.js';
import { createVerifyStream, verifiedStream } from '../../../src/content/verify-stream.js';
import { digestOf } from '../../../src/oci/digest.js';

const MiB = 1024 * 1024;
/** So much that a thread does the work, whatever really comes. */
const large = 64 * MiB;
const bytes = randomBytes(9 * MiB);

async function hashPieces(algorithm: 'sha256' | 'sha512', sizes: readonly number[]): Promise<[string, string]> {
  const here = createHash(algorithm);
  const there = beginHash(algorithm, large);
  for (const size of sizes) {
    const piece = bytes.subarray(0, size);
    here.update(piece);
    await there.update(piece);
  }
  return [await there.digest(), here.digest('hex')];
}

describe('the hash of large content, in a thread of its own', () => {
  it('is that of the same bytes, in whatever pieces they come', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(70_000), fc.nat(2 * MiB)), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('sha256' as const, 'sha512' as const), sizes, async (algorithm, pieces) => {
        const [there, here] = await hashPieces(algorithm, pieces);
        expect(there).toBe(here);
      }),
      { numRuns: 40 },
    );
  });

  it('takes in a piece that is larger than everything that may wait', async () => {
    const [there, here] = await hashPieces('sha256', [bytes.length, bytes.length, 1]);
    expect(there).toBe(here);
  });

  it('is not mixed up with others that run at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, at) => hashPieces('sha256', [at * 100_003, MiB, at])));
    for (const [there, here] of all) expect(there).toBe(here);
    expect(new Set(all.map(([there]) => there)).size).toBe(8);
  });

  it('goes on however many others have begun and stand still', async () => {
    const idle = Array.from({ length: 50 }, () => beginHash('sha256', large));
    for (const hash of idle) await hash.update(bytes.subarray(0, 1));
    const [there, here] = await hashPieces('sha256', [bytes.length]);
    expect(there).toBe(here);
    for (const hash of idle) expect(await hash.digest()).toBe(digestOf(bytes.subarray(0, 1)).slice('sha256:'.length));
  });

  it('can be given up, twice and by the way, and leaves its memory to the others', async () => {
    for (let at = 0; at < 40; at++) {
      const given = beginHash('sha256', large);
      await given.update(bytes.subarray(0, 3 * MiB));
      given.drop();
      given.drop();
    }
    const [there, here] = await hashPieces('sha256', [bytes.length]);
    expect(there).toBe(here);
  });

  it('lets go of whoever waits for it when it is given up', async () => {
    const given = beginHash('sha256', large);
    const waiting = given.update(bytes);
    expect(waiting).toBeInstanceOf(Promise);
    given.drop();
    await waiting;
  });
});

describe('content that is verified as it passes', () => {
  const descriptor = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };

  it('is not hashed a second time for the same descriptor', async () => {
    const first = createVerifyStream(descriptor, 'the sender');
    expect(verifiedStream(first, descriptor, 'the next one')).toBe(first);
    first.end(bytes);
    expect((await buffer(first)).equals(bytes)).toBe(true);
  });

  it('is hashed again for any other descriptor, and refused', async () => {
    const other = { ...descriptor, digest: digestOf(Buffer.from('other')) };
    const first = createVerifyStream(descriptor, 'the sender');
    const twice = verifiedStream(first, other, 'the next one');
    expect(twice).not.toBe(first);
    first.end(bytes);
    await expect(buffer(twice)).rejects.toMatchObject({ code: 'ERR_OCI_DIGEST_MISMATCH', expected: other.digest });
  });

  it('is not taken for the whole once somebody has read of it', async () => {
    const all = verifiedStream(Readable.from([bytes], { objectMode: false }), descriptor, 'the sender');
    await buffer(all);
    await expect(buffer(verifiedStream(all, descriptor, 'the next one'))).rejects.toThrow();
    const begun = verifiedStream(Readable.from([bytes], { objectMode: false }), descriptor, 'the sender');
    await once(begun, 'readable');
    begun.read(2);
    await expect(buffer(verifiedStream(begun, descriptor, 'the next one'))).rejects.toMatchObject({
      code: 'ERR_OCI_SIZE_MISMATCH',
    });
  });

  it('is refused in the thread too, with what it hashes to', async () => {
    const size = 20 * MiB;
    const expected = { ...descriptor, size };
    const chunks = Array.from({ length: size / MiB }, () => bytes.subarray(0, MiB));
    await expect(
      buffer(verifiedStream(Readable.from(chunks, { objectMode: false }), expected, 'the sender')),
    ).rejects.toMatchObject({ code: 'ERR_OCI_DIGEST_MISMATCH', actual: digestOf(Buffer.concat(chunks)) });
  });
});
