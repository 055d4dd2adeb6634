import { writeFile } from 'node:fs/promises';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { cli, createWorkspace, publish } from './support.js';

test('--base writes a bundle of what is new, says what the base has, and validate checks that it has it', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const [base, delta] = [workspace.path('base.tgz'), workspace.path('delta.tgz')];
  const exportIt = ['bundle', 'export', `${registry.host}/team/app:1.0`];
  await cli([...exportIt, '--output', base]);
  const written = await cli([...exportIt, '--output', delta, '--base', base]);
  expect(written.stdout).toMatch(/^ {2}base {3}sha256:[a-f0-9]{64}\n {9}which has \d+ B of it$/m);
  expect(written.stderr).toContain('so that one has to be imported first');
  expect((await cli(['bundle', 'inspect', '--file', delta])).stdout).toMatch(/^base {3}sha256:/m);

  const validate = ['bundle', 'validate', '--strict', '--file'];
  const alone = await cli([...validate, delta]);
  expect(alone.code).toBe(2);
  expect(alone.stdout.match(/^error ExternalBlob: /gm)).toHaveLength(4);
  expect(alone.stdout).toMatch(/^error ExternalBlob: \d more like this/m);
  expect((await cli([...validate, delta, '--base', base])).code).toBe(0);
  const swapped = await cli([...validate, base, '--base', delta]);
  expect(swapped.stdout).toContain('BaseMismatch');
  expect(swapped.code).toBe(2);
});

test('a base that is no bundle is named, with the exit code of a file that is not valid', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const base = workspace.path('base.tgz');
  await writeFile(base, 'not a bundle');
  const exportIt = ['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', workspace.path('a.tgz')];
  for (const extra of [[], ['--dry-run']]) {
    const refused = await cli([...exportIt, '--base', base, ...extra]);
    expect(refused.stderr).toContain(`the base ${JSON.stringify(base)} is not a valid bundle`);
    expect(refused.code).toBe(2);
  }
});

test('a delta is imported strictly where its base is at hand to be checked against', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const [base, delta] = [workspace.path('base.tgz'), workspace.path('delta.tgz')];
  const exportIt = ['bundle', 'export', `${registry.host}/team/app:1.0`];
  await cli([...exportIt, '--output', base]);
  await cli([...exportIt, '--output', delta, '--base', base]);
  const into = ['bundle', 'import', '--to', `oci:${workspace.path('layout')}`, '--file'];
  expect((await cli([...into, base])).code).toBe(0);

  const strict = [...into, delta, '--strict-referrer-validation'];
  const refused = await cli(strict);
  expect(refused.stderr).toContain('ExternalBlob');
  expect(refused.stderr).toContain('--base');
  expect(refused.code).toBe(2);
  expect((await cli([...strict, '--base', delta])).code).toBe(2);
  expect(await cli([...strict, '--base', base])).toMatchObject({ code: 0, stderr: '' });
});
