import { readdir, unlink } from 'node:fs/promises';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { parseSize } from '../../../src/cli/flag-parsers.js';
import { besideProbes, cli, createWorkspace, publish } from './support.js';

test('--split writes parts and a list, which inspect, validate and import take; a part that is missing is named', async () => {
  await using registry = await startRegistry();
  await using target = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const output = workspace.path('app.tgz');
  const written = await cli([
    'bundle',
    'export',
    `${registry.host}/team/app:1.0`,
    '--output',
    output,
    '--split',
    '8KiB',
  ]);
  expect(written.stdout).toMatch(/^wrote .*app\.tgz\.parts\.json {2}\d+ kB in \d parts, app\.tgz\.part001 and on/);
  const file = `${output}.parts.json`;
  expect((await cli(['bundle', 'inspect', '--file', file])).code).toBe(0);
  expect((await cli(['bundle', 'validate', '--file', file, '--strict'])).code).toBe(0);
  expect((await cli(['bundle', 'import', '--file', file, '--to', target.host])).code).toBe(0);

  const asWhole = await cli(['bundle', 'validate', '--file', output]);
  expect(asWhole.stderr).toContain(`give ${file}`);
  const first = await cli(['bundle', 'validate', '--file', `${output}.part001`]);
  expect(first.stderr).toContain(`the whole of it is ${file}`);
  await unlink(`${output}.part002`);
  const refused = await cli(['bundle', 'validate', '--file', file]);
  expect(refused.stdout).toContain('error PartMissing: part app.tgz.part002 is not there');
  expect(refused.stdout).toContain('transfer this part as well');
  expect(refused.code).toBe(2);
});

test.each([
  ['4GiB', 4 * 2 ** 30],
  ['650MB', 650e6],
  ['1.5kB', 1500],
  ['2 TiB', 2 * 2 ** 40],
  ['700', 700],
])('a size may be written as %s', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', '0', '-1', '4G', '4gib', '1e9', '0.1', '9999999999GB', 'MB'])('%j is no size', (text) => {
  expect(() => parseSize(text)).toThrow('Write a size such as');
});

test('--resume keeps blobs for the next export, and --compression deflate makes a smaller file', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const exportIt = (name: string, ...flags: readonly string[]): ReturnType<typeof cli> =>
    cli(['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', workspace.path(name), ...flags]);
  expect((await exportIt('a.tgz', '--resume', workspace.path('work'))).code).toBe(0);
  expect((await readdir(workspace.path('work/blobs/sha256'))).length).toBeGreaterThan(0);
  registry.clearRequests();
  const again = await exportIt('b.tgz', '--resume', workspace.path('work'), '--compression', 'deflate');
  expect(again.code).toBe(0);
  expect(registry.requests.filter(({ path }) => path.includes('/blobs/'))).toEqual([]);
  const validated = await cli(['bundle', 'validate', '--file', workspace.path('b.tgz'), '--format', 'json']);
  expect(JSON.parse(validated.stdout)).toMatchObject({ ok: true, compression: 'deflate' });
});

test('a dry run says that the file is there already, and any run that its name says something else', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const exportIt = (name: string, ...flags: readonly string[]): ReturnType<typeof cli> =>
    cli(['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', workspace.path(name), ...flags]);
  expect(besideProbes(await exportIt('a.tgz'))).toBe('');
  expect((await exportIt('a.tgz', '--dry-run')).stderr).toContain('a.tgz exists already: without --force');
  expect(besideProbes(await exportIt('a.tgz', '--dry-run', '--force'))).toBe('');
  expect((await exportIt('b.tgz', '--compression', 'none')).stderr).toContain('b.tgz will be a plain tar');
  expect((await exportIt('b.tar', '--compression', 'deflate')).stderr).toContain('b.tar will be a gzip file');
});

test('--expires-at is recorded, and a bundle whose time has passed is refused', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const file = workspace.path('a.tgz');
  const exportUntil = (time: string): ReturnType<typeof cli> =>
    cli(['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', file, '--force', '--expires-at', time]);
  expect((await exportUntil('2999-01-31T00:00:00Z')).code).toBe(0);
  expect((await cli(['bundle', 'inspect', '--file', file])).stdout).toContain('2999-01-31T00:00:00Z');
  expect((await cli(['bundle', 'validate', '--file', file])).code).toBe(0);
  expect((await exportUntil('2001-01-31T00:00:00Z')).code).toBe(0);
  const late = await cli(['bundle', 'validate', '--file', file]);
  expect(late.stdout).toContain('error BundleExpired');
  expect(late.code).toBe(2);
  expect((await exportUntil('tomorrow')).code).toBe(4);
});
