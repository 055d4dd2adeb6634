import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildArtifact, buildImage, startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sbomType } from '../support/artifact-types.js';
import { runCommand, startCommand, temporaryDirectory } from './support/command.js';
import { countNames, leftovers } from './support/layout-scene.js';
import { fillRegistry, incompressible, references } from './support/scene.js';

// A limit on the size of files fails a write as a full disk does, after part of it, and needs no disk to fill.
const maxFileKiB = 700;

let source: TestRegistry;
let images: readonly string[];

beforeAll(async () => {
  source = await startRegistry();
  fillRegistry(source.store);
  images = references.map((reference) => `${source.host}/${reference}`);
});
afterAll(() => source.close());

test.each(['bundle.tgz', 'bundle.tar'])(
  'an export to %s that runs out of room says so and leaves nothing',
  async (name) => {
    const directory = await temporaryDirectory();
    const output = join(directory, name);
    const { code, stderr, stdout } = await startCommand(['bundle', 'export', ...images, '--output', output], {
      maxFileKiB,
    }).ended;
    expect(code, stderr).toBe(5);
    expect(stderr).toContain('ERR_OCI_BUNDLE_OUTPUT');
    expect(stderr).toContain(output);
    expect(stderr).toContain('ulimit -f');
    expect(stdout).toBe('');
    expect(await readdir(directory)).toEqual([]);
  },
);

test('a bundle that was there before stays when its replacement runs out of room', async () => {
  const directory = await temporaryDirectory();
  const output = join(directory, 'bundle.tgz');
  await runCommand(['bundle', 'export', images[0] ?? '', '--output', output, '--artifact-type', 'application/none']);
  const args = ['bundle', 'export', ...images, '--output', output, '--force'];
  const { code, stderr } = await startCommand(args, { maxFileKiB }).ended;
  expect(code, stderr).toBe(5);
  expect(await readdir(directory)).toEqual(['bundle.tgz']);
  await runCommand(['bundle', 'validate', '--file', output]);
});

test('an import from a stream that finds no room in the temporary folder pushes nothing and leaves nothing there', async () => {
  const [directory, temporary] = [await temporaryDirectory(), await temporaryDirectory()];
  const file = join(directory, 'bundle.tgz');
  await runCommand(['bundle', 'export', ...images, '--output', file]);
  await using target = await startRegistry();
  const setting = { script: 'import-stream.mjs', temporary };
  const { stdout } = await runCommand([file, target.host], { ...setting, maxFileKiB });
  const fault = JSON.parse(stdout) as { code: string; hint: string };
  expect(fault.code).toBe('ERR_OCI_BUNDLE_SOURCE');
  expect(fault.hint).toContain('TMPDIR');
  expect(target.requests).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
  // With room enough the same import succeeds.
  expect((await runCommand([file, target.host], setting)).stdout).toBe('');
  expect(target.store.repository('team/app').tags.has('1.0')).toBe(true);
  expect(await readdir(temporary)).toEqual([]);
});

test('a copy into a layout that runs out of room says so, gives no name, and is completed by the next run', async () => {
  await using registry = await startRegistry();
  const image = buildImage({ layers: [incompressible(2000, 1)] });
  registry.store.add('team/app', image, { tag: '1.0' });
  for (let at = 0; at < 60; at++) {
    registry.store.add(
      'team/app',
      buildArtifact({ subject: image.descriptor, artifactType: sbomType, content: `${at}` }),
    );
  }
  // The first is not even enough for the layer, the second for everything but the list of so many referrers.
  for (const limit of [1, 8]) {
    const root = join(await temporaryDirectory(), 'layout');
    const args = ['copy', `${registry.host}/team/app:1.0`, `oci:${root}`];
    const { code, stderr } = await startCommand(args, { maxFileKiB: limit }).ended;
    expect(code, stderr).toBe(5);
    expect(stderr).toContain('ERR_OCI_LAYOUT_OUTPUT');
    expect(stderr).toContain(root);
    expect(stderr).toContain('ulimit -f');
    expect(await countNames(root, registry, ['team/app:1.0'], `${limit} KiB`)).toBe(0);
    expect(await leftovers(root)).toEqual([]);
    await runCommand(args);
    expect(await countNames(root, registry, ['team/app:1.0'], `${limit} KiB`)).toBe(1);
    expect(await leftovers(root)).toEqual([]);
  }
});
