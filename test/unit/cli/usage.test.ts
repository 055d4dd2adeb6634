import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
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

describe('a wrong command line exits with 4, says what is wrong and what would be right', () => {
  const cases: readonly (readonly [argv: string, message: string, next: string])[] = [
    ['', 'oci-referrers needs a command', 'oci-referrers --help'],
    ['bundle', 'oci-referrers bundle needs a command', 'oci-referrers bundle --help'],
    ['discovr x', "unknown command 'discovr'", 'did you mean discover?'],
    ['export x', "unknown command 'export'", 'did you mean bundle export?'],
    ['bundle exprt x', "unknown command 'exprt'", 'did you mean export?'],
    ['help exprt', "unknown command 'exprt'", 'oci-referrers --help'],
    ['help bundle exprt', "unknown command 'exprt'", 'oci-referrers bundle --help'],
    ['discover', "missing required argument 'reference'", 'oci-referrers discover --help'],
    ['bundle inspect app.tgz', 'takes its bundle by name', 'oci-referrers bundle inspect --file app.tgz'],
    ['discover a b', 'too many arguments', 'oci-referrers discover --help'],
    ['discover a --artefact-type b', "unknown option '--artefact-type'", 'did you mean --artifact-type?'],
    ['discover a --format xml', 'Allowed choices are tree, table, json', 'oci-referrers discover --help'],
    ['discover a --concurrency 65', 'Write a number from 1 to 64', 'oci-referrers discover --help'],
    ['discover a --timeout 0', 'Write a whole number of seconds', 'oci-referrers discover --help'],
    ['discover a --header novalue', 'Write NAME=VALUE', 'oci-referrers discover --help'],
    ['discover a --quiet --verbose', 'cannot be used with', 'oci-referrers'],
    ['discover a --cert c.pem', '--cert and --key-file belong together', 'give both, or neither'],
    ['discover a --username me', '--username and --password-stdin belong together', '--password-stdin <'],
    ['discover localhost:1/a --header Cookie=x', 'option headers', 'credentials'],
    ['discover localhost:99999/a', 'has a registry that is not HOST or HOST:PORT', 'HOST[:PORT]'],
    ['attach localhost:1/a sbom.json --artifact-type a/b', 'does not say its media type', 'FILE:TYPE'],
    ['attach localhost:1/a gone.json:a/b --artifact-type a/b', 'gone.json cannot be read', 'next: check the path'],
    ['attach localhost:1/a src:a/b --artifact-type a/b', 'src cannot be read', 'next: name a file'],
    ['bundle export localhost:1/a --output b.zip', 'b.zip does not say', '--compression'],
    ['bundle export localhost:1/a --output b.zip --dry-run', 'b.zip does not say', '--compression'],
    ['bundle export a', "required option '--output <file>' not specified", 'oci-referrers bundle export --help'],
    ['bundle export a --output b.tgz --require :2', 'Write TYPE or TYPE:MIN', 'oci-referrers bundle export --help'],
    ['bundle export a --output b.tgz --expires-at soon', 'Write a time such as', 'oci-referrers bundle export --help'],
    ['bundle import --file b.tgz', 'import needs a target', '--to REGISTRY'],
    ['bundle import --file b.tgz --to http://x', 'has a scheme', '--plain-http'],
    ['bundle import --file b.tgz --to localhost:1 --map a/b', 'Write FROM=TO', 'oci-referrers bundle import --help'],
    ['bundle validate --file src', 'it is not a regular file', 'discover and copy read image layouts: oci:src'],
    ['bundle validate --file gone.tgz', 'gone.tgz', ''],
  ];
  test.each(cases)('%s', async (argv, message, next) => {
    const { code, stdout, stderr } = await cli(argv.split(' ').filter((word) => word !== ''));
    expect(stderr).toContain('error: ');
    expect(stderr).toContain(message);
    expect(stderr).toContain(next);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
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
