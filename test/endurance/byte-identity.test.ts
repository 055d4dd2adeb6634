import { generateKeyPairSync } from 'node:crypto';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeUnless } from '../interop/support/tools.js';
import { runCommand, temporaryDirectory } from './support/command.js';
import { sumOf } from './support/kills.js';
import { missingNodes, nodeBinaries } from './support/nodes.js';
import { fillRegistry, references } from './support/scene.js';

describeUnless(missingNodes, 'the same images give the same bytes', () => {
  let registry: TestRegistry;
  /** Whether lists of referrers come in the other order. */
  let isReversed = false;

  beforeAll(async () => {
    registry = await startRegistry({
      rewrite: ({ endpoint }, answer) => {
        if (endpoint !== 'referrers' || answer.status !== 200 || !isReversed) return answer;
        const index = JSON.parse(Buffer.from(answer.body ?? []).toString()) as { manifests: unknown[] };
        return { ...answer, body: Buffer.from(JSON.stringify({ ...index, manifests: index.manifests.reverse() })) };
      },
    });
    fillRegistry(registry.store);
  });
  afterAll(() => registry.close());

  test.each(['bundle.tgz', 'bundle.tar'])(
    '%s, in any directory, at any concurrency, in any order, on Node 20, 22 and 24',
    async (name) => {
      const directories = [await temporaryDirectory(), await temporaryDirectory()];
      const sums = new Map<string, string>();
      for (const { major, path: node } of nodeBinaries) {
        for (const [at, directory] of directories.entries()) {
          for (const concurrency of [1, 16]) {
            isReversed = concurrency === 16;
            const images = references.map((reference) => `${registry.host}/${reference}`);
            const ordered = at === 0 ? images : images.reverse();
            const output = join(directory, name);
            const args = ['bundle', 'export', ...ordered, '--concurrency', `${concurrency}`, '--output', output];
            const { stdout, nodeVersion } = await runCommand(args, { node });
            expect(nodeVersion).toMatch(`v${major}.`);
            const sum = await sumOf(output);
            expect(stdout).toContain(sum);
            sums.set(`Node ${major}, directory ${at}, concurrency ${concurrency}`, sum);
            await rename(output, join(directory, `last-${name}`));
          }
        }
        await runCommand(['bundle', 'validate', '--file', join(directories[0] ?? '', `last-${name}`)], { node });
      }
      expect(sums.size).toBe(12);
      expect(new Set(sums.values()), JSON.stringify([...sums], undefined, 1)).toHaveProperty('size', 1);
    },
  );

  test.each([
    ['signed.tgz', []],
    ['signed.tar', []],
    ['parts.tgz', ['--split', '1MB']],
  ] as const)(
    '%s, signed with one Ed25519 key (%j), in any directory, at any concurrency, on Node 20, 22 and 24',
    async (name, flags) => {
      const keys = await temporaryDirectory();
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const [key, trusted] = [join(keys, 'key.pem'), join(keys, 'key.pub')];
      await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
      await writeFile(trusted, publicKey.export({ type: 'spki', format: 'pem' }));
      const images = references.map((reference) => `${registry.host}/${reference}`);
      const written = new Map<string, string>();
      for (const { major, path: node } of nodeBinaries) {
        for (const concurrency of ['1', '16']) {
          isReversed = concurrency === '16';
          const directory = await temporaryDirectory();
          const output = ['--output', join(directory, name), '--concurrency', concurrency, ...flags];
          const { nodeVersion } = await runCommand(['bundle', 'export', ...images, '--sign-key', key, ...output], {
            node,
          });
          expect(nodeVersion).toMatch(`v${major}.`);
          const names = (await readdir(directory)).sort();
          expect(names.length >= 3).toBe(flags.length > 0);
          const sums = await Promise.all(names.map(async (one) => `${one} ${await sumOf(join(directory, one))}`));
          written.set(`Node ${major}, concurrency ${concurrency}`, sums.join('\n'));
          const whole = join(directory, flags.length > 0 ? `${name}.parts.json` : name);
          await runCommand(['bundle', 'validate', '--file', whole, '--key', trusted], { node });
        }
      }
      expect(written.size).toBe(6);
      expect(new Set(written.values()), JSON.stringify([...written], undefined, 1)).toHaveProperty('size', 1);
    },
  );
});
