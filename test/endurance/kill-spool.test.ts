import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeFifo } from '../support/make-fifo.js';
import { type CommandSetting, runCommand, startCommand, temporaryDirectory } from './support/command.js';
import { fillRegistry, references } from './support/scene.js';
import { startSlowRegistry } from './support/slow-registry.js';

let source: TestRegistry;

beforeAll(async () => {
  source = await startRegistry();
  fillRegistry(source.store);
});
afterAll(() => source.close());

async function exportTo(name: string, ...flags: string[]): Promise<string> {
  const file = join(await temporaryDirectory(), name);
  const images = references.map((reference) => `${source.host}/${reference}`);
  await runCommand(['bundle', 'export', ...images, '--output', file, ...flags]);
  return file;
}

test.each([
  ['of a stream', 'store', true],
  ['of a compressed bundle', 'deflate', false],
])(
  'an import %s that is killed leaves its temporary file, which the next one removes',
  async (_what, compression, isStream) => {
    const file = await exportTo('bundle.tgz', '--compression', compression);
    const temporary = await temporaryDirectory();
    const setting: CommandSetting = { temporary, ...(isStream ? { script: 'import-stream.mjs' } : {}) };
    const argsFor = (host: string): string[] =>
      isStream ? [file, host] : ['bundle', 'import', '--file', file, '--to', host];
    for (const steps of [1, 20, 60]) {
      await using target = await startSlowRegistry();
      target.setSlow(true);
      const { child, ended } = startCommand(argsFor(target.host), setting);
      target.onStep((done) => {
        if (done === steps) child.kill('SIGKILL');
      });
      expect((await ended).signal, `step ${steps}`).toBe('SIGKILL');
      // Never more than one: this run has removed what the one before it left.
      expect(await readdir(temporary), `step ${steps}`).toHaveLength(1);
    }
    await using target = await startRegistry();
    await runCommand(argsFor(target.host), setting);
    expect(target.store.repository('team/app').tags.has('1.0')).toBe(true);
    expect(await readdir(temporary)).toEqual([]);
  },
);

test('an import that is killed while its stream is saved leaves half a file, which the next one removes', async () => {
  const file = await exportTo('bundle.tgz');
  const [temporary, pipe] = [await temporaryDirectory(), join(await temporaryDirectory(), 'pipe')];
  const setting = { script: 'import-stream.mjs', temporary };
  makeFifo(pipe);
  await using target = await startRegistry();
  const { child, ended } = startCommand([pipe, target.host], setting);
  const half = (await readFile(file)).subarray(0, 500_000);
  const writing = createWriteStream(pipe);
  writing.write(half);
  await vi.waitFor(
    async () => {
      const [folder = ''] = await readdir(temporary);
      expect((await stat(join(temporary, folder, 'bundle'))).size).toBe(half.length);
    },
    { timeout: 20_000, interval: 10 },
  );
  child.kill('SIGKILL');
  await ended;
  writing.destroy();
  await once(writing, 'close');
  expect(await readdir(temporary)).toHaveLength(1);
  expect(target.requests).toEqual([]);
  await runCommand([file, target.host], setting);
  expect(await readdir(temporary)).toEqual([]);
  expect(target.store.repository('team/app').tags.has('1.0')).toBe(true);
});
