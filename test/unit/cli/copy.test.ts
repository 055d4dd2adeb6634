import { startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { cli, createWorkspace, publish } from './support.js';

test('copy carries an image into a layout and on to another registry, and discover shows the layout', async () => {
  await using source = await startRegistry();
  await using target = await startRegistry();
  await using workspace = await createWorkspace();
  const { image } = publish(source);
  const layout = workspace.path('mirror');
  const out = await cli(['copy', `${source.host}/team/app:1.0`, `oci:${layout}`]);
  expect(out).toMatchObject({ code: 0, stderr: '' });
  expect(out.stdout).toContain(`-> oci:${layout}:1.0\n    ${image.digest}`);
  expect(out.stdout).toMatch(/2 referrers, 3 manifests and \d+ blobs in all/);
  const shown = await cli(['discover', `oci:${layout}:1.0`, '--recursive']);
  expect(shown.stdout).toContain('2 referrers of 3 manifests, confirmed by the image layout\n');
  const back = await cli(['copy', `ocidir://${layout}:1.0`, `${target.host}/team/app:1.0`, '--format', 'json']);
  expect(JSON.parse(back.stdout)).toMatchObject({ digest: image.digest, referrers: 2, dryRun: false });
});

test('copy says what it would do, and refuses what it may not', async () => {
  await using source = await startRegistry();
  await using workspace = await createWorkspace();
  publish(source);
  const layout = workspace.path('mirror');
  const dry = await cli(['copy', `${source.host}/team/app:1.0`, `oci:${layout}:x`, '--dry-run']);
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.stdout).toMatch(/^would copy /);
  expect(await cli(['copy', 'oci:', `oci:${layout}`])).toMatchObject({ code: 4 });
  expect(await cli(['discover', `oci:${layout}`])).toMatchObject({ code: 4 });
});

test('bundle import puts a bundle into a layout', async () => {
  await using source = await startRegistry();
  await using workspace = await createWorkspace();
  publish(source);
  const [bundle, layout] = [workspace.path('app.tgz'), workspace.path('mirror')];
  await cli(['bundle', 'export', `${source.host}/team/app:1.0`, '--output', bundle]);
  const imported = await cli(['bundle', 'import', '--file', bundle, '--to', `oci:${layout}`]);
  expect(imported).toMatchObject({ code: 0 });
  expect(imported.stdout).toContain('listed there by layout');
  const named = await cli(['bundle', 'import', '--file', bundle, '--to', `oci:${layout}:1.0`]);
  expect(named).toMatchObject({ code: 4 });
});
