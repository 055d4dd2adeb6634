import { generateKeyPairSync } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImportValidator } from '@stellaops/oci-referrers';
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

  test('a bundle signed with one Ed25519 key, in any directory, at any concurrency, on Node 20, 22 and 24', async () => {
    const directory = await temporaryDirectory();
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const key = join(directory, 'key.pem');
    await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const images = references.map((reference) => `${registry.host}/${reference}`);
    const sums = new Map<string, string>();
    for (const { major, path: node } of nodeBinaries) {
      for (const concurrency of ['1', '16']) {
        const output = join(await temporaryDirectory(), 'signed.tgz');
        const args = [key, output, concurrency, ...images];
        const { nodeVersion } = await runCommand(args, { node, script: 'export-signed.mjs' });
        expect(nodeVersion).toMatch(`v${major}.`);
        sums.set(`Node ${major}, concurrency ${concurrency}`, await sumOf(output));
        const trustedKeys = [publicKey.export({ type: 'spki', format: 'pem' }).toString()];
        const report = await new ImportValidator({ trustedKeys, requireSignature: true }).validate(output);
        expect(report.findings).toEqual([]);
      }
    }
    expect(sums.size).toBe(6);
    expect(new Set(sums.values()), JSON.stringify([...sums], undefined, 1)).toHaveProperty('size', 1);
  });
});
