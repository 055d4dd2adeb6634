import { readFile, writeFile } from 'node:fs/promises';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { cli, createWorkspace, publish, publishIndex, sbomType, short } from './support.js';

test('diff shows what a second export has and a first one has not', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const [before, after] = [workspace.path('monday.tgz'), workspace.path('friday.tgz')];
  const { image: old } = publish(registry);
  publishIndex(registry);
  const images = [`${registry.host}/team/app:1.0`, `${registry.host}/team/multi:1.0`];
  await cli(['bundle', 'export', ...images, '--output', before]);
  const { image, sbom } = publish(registry, Buffer.from('another layer\n'));
  await cli(['bundle', 'export', images[0] ?? '', '--output', after]);

  const { code, stdout, stderr } = await cli(['bundle', 'diff', before, after]);
  expect(stdout).toContain(`- ${before}\n  sha256:`);
  expect(stdout).toContain(`  - ${images[1] ?? ''}`);
  expect(stdout).toContain(`  ~ ${images[0] ?? ''}  ${short(old.digest)}\n      now ${short(image.digest)}\n`);
  expect(stdout).toContain(`  + ${sbomType}  sbom  ${short(sbom.descriptor.digest)}`);
  expect(stdout).toMatch(/\ncontent\n {2}- \d+ blobs {2}.*\n {2}\+ 7 blobs {2}/);
  expect(stderr).toContain('bundle validate checks it');
  expect(code).toBe(0);
  expect(stdout.split('\n').filter((line) => line.length > 90 && !line.includes(workspace.path('')))).toEqual([]);

  const asData = await cli(['bundle', 'diff', before, after, '--format', 'json', '--exit-code']);
  expect(JSON.parse(asData.stdout)).toMatchObject({ same: false, images: { added: [], moved: [{ after: image }] } });
  expect(asData.code).toBe(1);
});

test('diff of a file with itself says so and exits with 0; what is no bundle exits with 2 and is named', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publishIndex(registry);
  const file = workspace.path('a.tgz');
  const platform = workspace.path('b.tgz');
  const exportIt = ['bundle', 'export', `${registry.host}/team/multi:1.0`, '--output'];
  await cli([...exportIt, file]);
  await cli([...exportIt, platform, '--platform', 'linux/arm64']);
  const same = await cli(['bundle', 'diff', file, file, '--exit-code']);
  expect([same.code, same.stdout.split('\n').at(-2)]).toEqual([0, 'both say the same']);
  const fewer = await cli(['bundle', 'diff', file, platform]);
  expect(fewer.stdout).toContain('      platforms -linux/amd64\n      left out +linux/amd64\n');

  const broken = workspace.path('broken.tgz');
  await writeFile(broken, 'not a bundle');
  const refused = await cli(['bundle', 'diff', file, broken]);
  expect(refused.stderr).toContain(`error: ${broken}: `);
  expect([refused.code, refused.stdout]).toEqual([2, '']);
});

test('inspect shows an image under each of its tags, with its referrers, and that nobody signed', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const { image, sbom } = publish(registry);
  registry.store.repository('team/app').tags.set('2.0', image.digest);
  publishIndex(registry);
  const file = workspace.path('a.tgz');
  const references = ['app:1.0', 'app:2.0', 'multi:1.0'].map((name) => `${registry.host}/team/${name}`);
  await cli(['bundle', 'export', ...references, '--output', file]);

  const { stdout } = await cli(['bundle', 'inspect', '--file', file]);
  expect(stdout.split(short(sbom.descriptor.digest))).toHaveLength(3);
  expect(stdout).toContain('  3 images, 3 referrers of 6 manifests\n');
  expect(stdout).toMatch(/\n {2}\d+ blobs, .*B, each once \(manifests included\)\n/);
  expect(stdout).toContain('  complete: every list of referrers was confirmed\n  unsigned\n');
  expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
  const asData = await cli(['bundle', 'inspect', '--file', file, '--format', 'json']);
  expect(JSON.parse(asData.stdout)).toMatchObject({ schemaVersion: 1, signatures: [] });

  await writeFile(`${file}.sigstore.json`, '{}');
  expect((await cli(['bundle', 'inspect', '--file', file])).stdout).toContain('\n  1 signature, not checked here\n');

  // Damage after the record does not keep anybody from seeing what it says.
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, bytes.indexOf('checksums.sha256\0')));
  const cut = await cli(['bundle', 'inspect', '--file', file]);
  expect(cut.stdout).toContain('signatures could not be looked for: the file is damaged');
  expect(cut.code).toBe(0);
});
