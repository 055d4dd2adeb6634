import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { cli, createWorkspace } from './support.js';

test('--help teaches with examples, lists the exit codes, and goes to standard output', async () => {
  const { code, stdout, stderr } = await cli(['--help']);
  expect(stdout).toContain('Examples:\n  oci-referrers discover');
  expect(stdout).toContain('Exit codes:');
  expect([code, stderr]).toEqual([0, '']);
});

test('--help fits 80 columns and breaks no sentence before the end of a line', async () => {
  const { stdout } = await cli(['--help']);
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(stdout).not.toMatch(/^\w+$/m);
});

test('help shows the same as --help, however deep the command is', async () => {
  for (const path of ['', 'discover', 'bundle', 'bundle import']) {
    const words = path.split(' ').filter((word) => word !== '');
    const { code, stdout, stderr } = await cli(['help', ...words]);
    expect(stdout).toBe((await cli([...words, '--help'])).stdout);
    expect([code, stderr]).toEqual([0, '']);
  }
});

test('every command has help of its own that fits 80 columns', async () => {
  for (const command of [
    'discover',
    'attach',
    'copy',
    'pull',
    'completion',
    'bundle',
    'bundle export',
    'bundle inspect',
    'bundle diff',
    'bundle sign',
    'bundle validate',
    'bundle import',
  ]) {
    const { code, stdout } = await cli([...command.split(' '), '--help']);
    expect(stdout).toContain(`Usage: oci-referrers ${command}`);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  }
});

test('--version is the version of the package', async () => {
  expect((await cli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('a wrong reference says which part is wrong', async () => {
  const { code, stderr } = await cli(['discover', 'registry.example.com/Team/app:1']);
  expect(stderr.split('\n')).toEqual([
    'error: reference "registry.example.com/Team/app:1" has a repository that is not a legal name',
    '  code: ERR_OCI_INVALID_REFERENCE',
    '  next: repository names are lower-case: team/app',
    '',
  ]);
  expect(code).toBe(4);
});

test('a flag that does not exist is refused, not ignored', async () => {
  const { code, stderr } = await cli(['bundle', 'export', 'a', '--output', 'b.tgz', '--encrypt', 'key']);
  expect(stderr).toContain("unknown option '--encrypt'");
  expect(code).toBe(4);
});

test('a file that is no certificate is named', async () => {
  await using workspace = await createWorkspace();
  const path = workspace.path('ca.pem');
  await writeFile(path, Buffer.alloc(5_000_000));
  const { code, stderr } = await cli(['discover', 'localhost:1/a', '--ca-file', path]);
  expect(stderr).toContain(`--ca-file: ${path} is larger than 4.2 MB`);
  expect(code).toBe(4);
});
