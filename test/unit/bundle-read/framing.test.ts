import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeEntryHeader } from '../../../src/bundle/tar-header.js';
import { readThrough, storedGzip, type TestFile, tarOf } from './archives.js';

const run = promisify(execFile);
const hex = fc.stringMatching(/^[a-f0-9]{64}$/);
const path = fc.oneof(
  hex.map((name) => `blobs/sha256/${name}`),
  fc.tuple(hex, hex).map((two) => `blobs/sha512/${two.join('')}`),
  fc.tuple(hex, hex).map(([subject, name]) => `referrers/sha256-${subject}/sha256-${name}.json`),
);
const files = fc
  .uniqueArray(fc.tuple(path, fc.uint8Array({ maxLength: 2000 })), { selector: ([name]) => name, maxLength: 5 })
  .map((list) => list.map(([name, bytes]): TestFile => [name, Buffer.from(bytes)]).sort(byPlace));
const sizes = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 });

describe('what the writer frames', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'framing-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  it('is a tar and a gzip that other tools read', async () => {
    const content = randomBytes(200_000);
    const long = `referrers/sha256-${'a'.repeat(64)}/sha256-${'b'.repeat(64)}.json`;
    const names = ['oci-layout', long, `blobs/sha512/${'c'.repeat(128)}`];
    const file = join(directory, 'a.tgz');
    await writeFile(file, await storedGzip(tarOf(names.map((name) => [name, content]))));
    await run('gzip', ['-t', file]);
    expect((await run('tar', ['-tf', file])).stdout.trim().split('\n')).toEqual(names);
    const { stdout } = await run('tar', ['-xOf', file, names[2] ?? ''], { encoding: 'buffer', maxBuffer: 2 ** 20 });
    expect(stdout.equals(content)).toBe(true);
  });

  it.each([0, 1, 65_534, 65_535, 65_536, 131_070, 131_071])('survives gunzip for %i bytes', async (size) => {
    const bytes = randomBytes(size);
    const packed = await storedGzip(bytes);
    expect(gunzipSync(packed).equals(bytes)).toBe(true);
    expect(packed.length).toBe(18 + 5 * Math.max(1, Math.ceil(size / 65_535)) + size);
  });

  it('does not depend on how it was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 200_000 }), sizes, sizes, async (size, one, other) => {
        const bytes = Buffer.alloc(size, 'bundle');
        expect((await storedGzip(bytes, one)).equals(await storedGzip(bytes, other))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('has not changed since the format was fixed', async () => {
    const packed = await storedGzip(
      tarOf([
        [`blobs/sha512/${'0'.repeat(128)}`, 'x'],
        ['oci-layout', ''],
      ]),
    );
    expect(createHash('sha256').update(packed).digest('hex')).toMatchInlineSnapshot(
      `"78550b06465aad6ccdb8973993408e93d4633edefadfaf7c2c6aaecceed1a605"`,
    );
  });
});

describe('what the reader gives back', () => {
  it('is what was written, however the bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(files, sizes, fc.boolean(), async (list, pieces, isPacked) => {
        const tar = tarOf(list);
        expect(await readThrough(isPacked ? await storedGzip(tar) : tar, pieces)).toEqual(list);
      }),
      { numRuns: 100 },
    );
  });

  it('is the same when another tool compressed the tar', async () => {
    const list: TestFile[] = [
      ['oci-layout', Buffer.from('x')],
      [`blobs/sha256/${'a'.repeat(64)}`, Buffer.alloc(30_000, 'abc')],
    ];
    const packed = gzipSync(tarOf(list));
    for (const pieces of [[1], [7, 4096], [packed.length], [packed.length - 8, 8], [packed.length - 4, 4]]) {
      expect(await readThrough(packed, pieces)).toEqual(list);
    }
  });
});

describe('a header', () => {
  it('takes a PAX header only where ustar has no room', () => {
    expect(encodeEntryHeader('oci-layout', 8 ** 11 - 1)).toHaveLength(512);
    expect(encodeEntryHeader('oci-layout', 8 ** 11)).toHaveLength(1536);
    expect(encodeEntryHeader(`${'d'.repeat(155)}/${'n'.repeat(100)}`, 0)).toHaveLength(512);
    expect(encodeEntryHeader(`${'d'.repeat(156)}/n`, 0)).toHaveLength(1536);
    expect(encodeEntryHeader('n'.repeat(101), 0)).toHaveLength(1536);
  });

  it('counts the length of its PAX records right', () => {
    fc.assert(
      fc.property(fc.integer({ min: 101, max: 400 }), (length) => {
        const text = encodeEntryHeader('n'.repeat(length), 8 ** 11).toString('latin1', 512, 1024);
        const records = /^((\d+) path=n+\n)((\d+) size=\d+\n)\0+$/.exec(text);
        expect(Number(records?.[2])).toBe(records?.[1]?.length);
        expect(Number(records?.[4])).toBe(records?.[3]?.length);
      }),
    );
  });

  it.each(['', 'näme', 'a\0b', 'a\nb'])('is refused for the name %j', (name) => {
    expect(() => encodeEntryHeader(name, 0)).toThrow(RangeError);
  });
});

function byPlace([left]: TestFile, [right]: TestFile): number {
  const rank = (name: string): string => (name.startsWith('referrers/') ? `0${name}` : `1${name}`);
  return rank(left) < rank(right) ? -1 : 1;
}
