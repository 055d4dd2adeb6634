import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { buildArtifact, startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { discardLargeBlobs, makeLargeImage } from '../../bench/large-image.js';
import { sbomType } from '../support/artifact-types.js';
import { type CommandEnd, runCommand, temporaryDirectory } from './support/command.js';

const MiB = 1024 * 1024;
/** Layers that are streamed, and layers that are fetched ahead of their turn: 2 GiB in all. */
const sizes = [...Array<number>(3).fill(512 * MiB), ...Array<number>(32).fill(16 * MiB)];

test('a bundle of 2 GiB is written, validated and imported in memory that does not grow with it', async () => {
  const directory = await temporaryDirectory();
  const { bavail, bsize } = await statfs(directory);
  expect(bavail * bsize, `bytes free in ${directory}`).toBeGreaterThan(3 * 1024 * MiB);
  const image = await makeLargeImage(sizes);
  await using source = await startRegistry({ intercept: image.serve });
  await using target = await startRegistry({ intercept: discardLargeBlobs });
  source.store.add('large/app', image.content, { tag: '1' });
  source.store.add(
    'large/app',
    buildArtifact({ artifactType: sbomType, subject: image.content.descriptor, content: '{}' }),
  );
  const file = join(directory, 'bundle.tgz');

  const measure = async (name: string, maxMiB: number, args: readonly string[]): Promise<CommandEnd> => {
    const end = await runCommand(args);
    const peakMiB = end.peakBytes / MiB;
    console.log(`${name}: ${peakMiB.toFixed(0)} MiB resident at most, ${(end.milliseconds / 1000).toFixed(1)} s`);
    expect.soft(peakMiB, name).toBeLessThan(maxMiB);
    expect.soft(peakMiB, name).toBeGreaterThan(20);
    return end;
  };
  await measure('export', 200, ['bundle', 'export', `${source.host}/large/app:1`, '--output', file]);
  await measure('validate', 200, ['bundle', 'validate', '--file', file]);
  await measure('import', 256, ['bundle', 'import', '--file', file, '--to', target.host]);
  const arrived = [...target.store.repository('large/app').blobs.keys()];
  expect(arrived).toEqual(expect.arrayContaining(image.layers.map(({ digest }) => digest)));
});
