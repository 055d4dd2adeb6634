import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { bench, describe } from 'vitest';
import { verifiedStream } from '../../src/content/verify-stream.js';
import { digestOf } from '../../src/oci/digest.js';

const MiB = 1024 * 1024;
const chunk = Buffer.alloc(64 * 1024, 7);

// 4 MiB are hashed where they pass, 64 MiB in a thread: what that saves is the other work of whoever passes them on.
describe.each([4, 64])('%i MiB of content', (size) => {
  const chunks = Array.from({ length: (size * MiB) / chunk.length }, () => chunk);
  const whole = Buffer.concat(chunks);
  const descriptor = { mediaType: 'application/octet-stream', digest: digestOf(whole), size: whole.length };
  bench('sha256 in one piece', () => {
    createHash('sha256').update(whole).digest();
  });
  bench('verified as it passes', async () => {
    await finished(verifiedStream(Readable.from(chunks, { objectMode: false }), descriptor, 'memory').resume());
  });
});
