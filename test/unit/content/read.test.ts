import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readBounded } from '../../../src/content/read.js';

const bound = { limitName: 'maxManifestBytes', limit: 10 };
const read = (stream: Readable): Promise<string> => readBounded(stream, bound, 'it').then(String);

describe('a small body', () => {
  it('is read whole, and not a byte beyond its limit', async () => {
    expect(await read(Readable.from(['ab', 'cd'], { objectMode: false }))).toBe('abcd');
    const large = Readable.from(['0123456789', 'a', 'b'], { objectMode: false });
    await expect(read(large)).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED', limit: 10 });
    expect(large.destroyed).toBe(true);
  });

  it('is read where somebody has paused it, or has listened to it in another way', async () => {
    const paused = new PassThrough();
    paused.pause();
    paused.end('abc');
    expect(await read(paused)).toBe('abc');
    const listenedTo = new PassThrough();
    listenedTo.once('readable', () => undefined);
    listenedTo.end('abc');
    expect(await read(listenedTo)).toBe('abc');
  });

  it('is an error where it breaks off, or was broken before anybody came', async () => {
    const broken = new PassThrough();
    broken.write('ab');
    setImmediate(() => broken.destroy(new Error('line lost')));
    await expect(read(broken)).rejects.toThrow('line lost');
    const closed = new PassThrough();
    closed.write('ab');
    setImmediate(() => closed.destroy());
    await expect(read(closed)).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    const gone = new PassThrough().on('error', () => undefined);
    gone.destroy(new Error('long gone'));
    await expect(read(gone)).rejects.toThrow('long gone');
  });
});
