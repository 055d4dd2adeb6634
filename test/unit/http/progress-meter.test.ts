import { once } from 'node:events';
import { pipeline, Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ProgressMeter } from '../../../src/http/progress-meter.js';

const KiB = 1024;

/** Opens an upload of two pieces of 640 KiB that has to move 64 KiB in 200 ms. */
function openUpload(): ProgressMeter {
  const floor = { windowMs: 200, minBytes: 64 * KiB, error: (): Error => new Error('too slow') };
  const meter = new ProgressMeter({ direction: 'upload', floor });
  async function* pieces(): AsyncGenerator<Buffer> {
    await turn();
    yield Buffer.alloc(640 * KiB);
    yield Buffer.alloc(640 * KiB);
  }
  pipeline(Readable.from(pieces(), { objectMode: false }), meter, () => undefined);
  return meter;
}

test('an upload that moves all the time is not too slow because its content comes in large pieces', async () => {
  const meter = openUpload();
  let bytes = 0;
  meter.on('data', (piece: Buffer) => {
    bytes += piece.length;
    meter.pause();
    // A line of 1,280 KiB a second.
    setTimeout(() => meter.resume(), piece.length / KiB / 1.28);
  });
  await once(meter, 'end');
  expect(bytes).toBe(1280 * KiB);
});

test('an upload of which nobody takes more is too slow, however much of it lies ready', async () => {
  const meter = openUpload();
  meter.once('data', () => meter.pause());
  await expect(once(meter, 'end')).rejects.toThrow('too slow');
});
