import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildCorpusBase } from '../../scripts/corpus/corpus-base.js';
import type { ImportValidatorOptions } from '../../src/bundle/import-validator.js';
import { storedGzip } from '../unit/bundle-read/archives.js';
import { makeKey, signatureOf, withSignatures } from '../unit/bundle-sign/keys.js';
import { commandPath } from './support/build-command.js';

/** Mutations of each bundle; a miss is played again with MUTATION_SEED. */
const count = Number(process.env['MUTATIONS'] ?? 10_000);
const seed = Number(process.env['MUTATION_SEED'] ?? randomInt(2 ** 31));
const workers = 2;

const { tar } = await buildCorpusBase();
const key = makeKey();
const signed = await withSignatures(tar, await signatureOf(tar, key));
const trusting: ImportValidatorOptions = { trustedKeys: [key.publicPem] };
const third = Math.ceil(count / 3);

/**
 * Bundles, how many mutations each gets, and the content that a compressed one may keep however its bytes change.
 *
 * Without the key nobody can tell one signature from another: signed bundles are held to their promise with it.
 */
const bundles: readonly (readonly [string, Buffer, number, ImportValidatorOptions, Buffer | undefined])[] = [
  ['a plain tar', tar, count, {}, undefined],
  ['stored gzip', await storedGzip(tar), count, {}, undefined],
  ['signed stored gzip, with the key', await storedGzip(signed), third, trusting, undefined],
  ['a signed plain tar, with the key', signed, third, trusting, undefined],
  ['compressed content', gzipSync(tar, { level: 9 }), third, {}, tar],
];

test.each(bundles)('every mutation is found: %s', async (_name, bytes, total, options, content) => {
  console.log(`MUTATION_SEED=${seed}`);
  const size = Math.ceil(total / workers);
  const misses = await Promise.all(
    Array.from({ length: workers }, (_, at) => {
      const range = { from: at * size, to: Math.min(total, (at + 1) * size) };
      return mutateIn({ bytes, content, options, seed, ...range });
    }),
  );
  expect(misses.flat()).toEqual([]);
});

async function mutateIn(data: object): Promise<readonly string[]> {
  const library = join(dirname(commandPath), '../index.js');
  const worker = new Worker(new URL('./support/mutation-worker.mjs', import.meta.url), {
    workerData: { ...data, library },
  });
  try {
    const [result] = (await once(worker, 'message')) as [readonly string[]];
    return result;
  } finally {
    await worker.terminate();
  }
}
