import { PassThrough, Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chunksOf } from '../../../src/content/take-chunks.js';

const KiB = 1024;

async function nextLength(chunks: AsyncGenerator<Buffer>): Promise<number> {
  const next = await chunks.next();
  return next.done === true ? 0 : next.value.length;
}

test('chunks come as they were written, in order, and not copied together', async () => {
  const stream = new PassThrough({ highWaterMark: 1024 * KiB });
  const written = ['a', 'bc', 'def'].map((text) => Buffer.from(text));
  for (const chunk of written) stream.write(chunk);
  stream.end();
  const read: Buffer[] = [];
  for await (const chunk of chunksOf(stream)) read.push(chunk);
  expect(read.map(String)).toEqual(['a', 'bc', 'def']);
  expect(read[0]?.buffer).toBe(written[0]?.buffer);
  expect(stream.closed).toBe(true);
});

test('a reader that takes its time has the source wait', async () => {
  let made = 0;
  function* pieces(): Generator<Buffer> {
    for (; made < 1000; made++) yield Buffer.alloc(64 * KiB);
  }
  const chunks = chunksOf(Readable.from(pieces(), { objectMode: false }));
  let bytes = await nextLength(chunks);
  for (let turns = 0; turns < 100; turns++) await turn();
  expect(made).toBeLessThan(20);
  for await (const chunk of chunks) bytes += chunk.length;
  expect(bytes).toBe(1000 * 64 * KiB);
});

test('a fault is thrown after what came before it, and one before anybody reads as well', async () => {
  const stream = new PassThrough();
  const chunks = chunksOf(stream);
  stream.write('before');
  expect(String((await chunks.next()).value)).toBe('before');
  stream.destroy(new Error('it broke'));
  await expect(chunks.next()).rejects.toThrow('it broke');

  const broken = new PassThrough().on('error', () => undefined).destroy(new Error('it was broken'));
  await turn();
  await expect(chunksOf(broken).next()).rejects.toThrow('it was broken');
});

test('a stream that is closed before its end is a fault, and a reader that leaves destroys it', async () => {
  const stream = new PassThrough();
  const chunks = chunksOf(stream);
  const first = chunks.next();
  stream.destroy();
  await expect(first).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });

  const left = new PassThrough();
  left.write('one');
  for await (const chunk of chunksOf(left)) {
    expect(String(chunk)).toBe('one');
    break;
  }
  expect(left.destroyed).toBe(true);
});

test('a stream that somebody has paused is read all the same, and its source waits too', async () => {
  let made = 0;
  function* pieces(): Generator<Buffer> {
    for (; made < 100; made++) yield Buffer.alloc(64 * KiB);
  }
  const chunks = chunksOf(Readable.from(pieces(), { objectMode: false }).pause());
  let bytes = await nextLength(chunks);
  for (let turns = 0; turns < 100; turns++) await turn();
  expect(made).toBeLessThan(20);
  for await (const chunk of chunks) bytes += chunk.length;
  expect(bytes).toBe(100 * 64 * KiB);
});
