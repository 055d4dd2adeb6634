import { readdir, readFile, writeFile } from 'node:fs/promises';
import {
  buildImage,
  startRegistry,
  type TestRegistry,
  type TestRegistryOptions,
} from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { authority, otherIdentity, serverIdentity } from '../http/certificates.js';
import { type CliRun, cli, createWorkspace } from './support.js';

const user = { username: 'user', password: 'pass:word' };
const referrers = 'check.integration.oci.referrers';

async function openRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  registry.store.add('library/alpine', buildImage(), { tag: 'latest' });
  return registry;
}

const severities = ({ stdout }: CliRun): unknown => {
  const { results } = JSON.parse(stdout) as { results: readonly { checkId: string; severity: string }[] };
  return Object.fromEntries(results.map(({ checkId, severity }) => [checkId.replace(/.*\./, ''), severity]));
};

describe('doctor run', () => {
  it('works as the page has it, with the registry named by the environment', async () => {
    await using registry = await openRegistry();
    const env = { OCI__RegistryUrl: registry.origin };
    const { code, stdout, stderr } = await cli(['doctor', 'run', '--check', referrers], { env });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(
      [
        `${registry.origin}, test image library/alpine:latest`,
        '',
        `✓ pass  ${referrers}`,
        '        the referrers API is there; nothing refers to the test image',
        '',
        stdout.trimEnd().split('\n').at(-1),
        '',
      ].join('\n'),
    );
    expect(stdout).toMatch(/\n1 check: 1 passed, 0 info, 0 warnings, 0 failed \(\d\.\d s\)\n$/);
  });

  it('says what it saw, what is behind it and what to type, in 80 columns; a warning is no failure', async () => {
    await using registry = await openRegistry({ profile: 'distribution-2.8' });
    const flags = ['doctor', 'run', '--registry-url', registry.host, '--check', referrers];
    const { code, stdout } = await cli(flags, { terminalColumns: 80 });
    expect(code).toBe(0);
    expect(stdout).toContain(`! warn  ${referrers}\n        ${registry.host} has no referrers API (404, text/plain)`);
    expect(stdout).toContain('- CNCF distribution has no referrers API in any release up to 3.1');
    expect(stdout).toMatch(
      /curl -sSi \\\n +-H "Accept: application\/vnd\.oci\.image\.index\.v1\+json" \\\n +http:\S+\/referrers\/sha256:[a-f0-9]{64}\n/,
    );
    // A digest, and what a command is made of, is not broken.
    const wide = stdout.split('\n').filter((line) => line.length > 80);
    expect(wide.filter((line) => !/sha256[:-]/.test(line))).toEqual([]);
    expect((await cli([...flags, '--fail-on', 'warn'])).code).toBe(2);
  });

  it('ends with 2 where a check failed, tells causes and remedies once, and asks a dead registry not for long', async () => {
    const started = Date.now();
    const { code, stdout, stderr } = await cli(['doctor', 'run', '--registry-url', 'http://127.0.0.1:1']);
    expect([code, stderr]).toEqual([2, '']);
    expect(stdout.match(/connection refused/g)).toHaveLength(5);
    expect(stdout.match(/causes and fixes: as for check\.integration\.oci\.registry/g)).toHaveLength(4);
    expect(stdout).toContain('curl -v --max-time 10 -o /dev/null http://127.0.0.1:1/v2/');
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  it('shows a certificate that does not fit, and how to look at it', async () => {
    await using registry = await openRegistry({ tls: otherIdentity });
    const { code, stdout } = await cli(['doctor', 'run', '--registry-url', registry.origin, '--tag', 'connectivity']);
    expect(code).toBe(2);
    expect(stdout).toMatch(/certificate/);
    expect(stdout).toMatch(/openssl s_client -connect 127\.0\.0\.1:\d+ -servername 127\.0\.0\.1/);
  });

  it('proposes commands that reach the registry as this one did, and hold no secret', async () => {
    await using registry = await openRegistry({ tls: serverIdentity, profile: 'distribution-2.8' });
    await using space = await createWorkspace();
    const ca = space.path("the authority's.pem");
    await writeFile(ca, authority);
    const run = ['doctor', 'run', '--registry-url', registry.origin, '--ca-file', ca, '--header', 'X-Key=hunter22'];
    const { stdout } = await cli([...run, '--test-tag', 'gone', '--format', 'json']);
    const { results } = JSON.parse(stdout) as { results: readonly { howToFix?: readonly { commands: string[] }[] }[] };
    const commands = results.flatMap(({ howToFix = [] }) => howToFix.flatMap(({ commands }) => commands));
    const own = commands.filter((command) => command.includes('oci-referrers doctor run'));
    expect(own.length).toBeGreaterThan(0);
    for (const command of own) expect(command).toContain(`--ca-file '${ca.replace("'", String.raw`'\''`)}'`);
    expect(stdout).not.toContain('hunter22');
  });

  it('takes every setting from the environment, in whatever letters, and a flag before it', async () => {
    await using registry = await openRegistry({ auth: user });
    registry.store.add('team/app', buildImage(), { tag: '1.0' });
    const env = {
      REGISTRY__URL: registry.origin,
      OCI__TestRepository: 'team/app',
      OCI__TestTag: '1.0',
      OCI__Username: user.username,
      OCI__Password: user.password,
    };
    const all = ['doctor', 'run', '--format', 'json'];
    const fine = {
      registry: 'pass',
      credentials: 'pass',
      pull: 'pass',
      push: 'info',
      referrers: 'pass',
      capabilities: 'info',
    };
    const run = await cli(all, { env });
    expect([run.code, severities(run), run.stdout.includes(user.password)]).toEqual([0, fine, false]);
    expect(severities(await cli([...all, '--test-tag', 'gone'], { env }))).toMatchObject({ pull: 'info' });
    const login = ['--username', user.username, '--password-stdin'];
    const stale = { ...env, OCI__Password: 'old', OCI__Token: 'of-somebody-else' };
    expect(severities(await cli([...all, ...login], { env: stale, stdin: `${user.password}\n` }))).toEqual(fine);
    const half = await cli(all, { env: { ...env, OCI__Password: '' } });
    expect([half.code, severities(half)]).toMatchObject([2, { credentials: 'fail' }]);
  });

  it('writes the report to a file, whole or not at all, and replaces none unasked', async () => {
    await using registry = await openRegistry();
    await using space = await createWorkspace();
    const file = space.path('report.json');
    const run = [
      'doctor',
      'run',
      '--registry-url',
      registry.host,
      '--tag',
      'registry',
      '--format',
      'json',
      '--output',
      file,
    ];
    const { code, stdout, stderr } = await cli(run);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^6 checks: 4 passed.*; the report is in .*report\.json\n$/);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ schemaVersion: 1, summary: { pass: 4 } });
    registry.clearRequests();
    const again = await cli(run);
    expect([again.code, registry.requests.length]).toEqual([4, 0]);
    expect(again.stderr).toMatch(/exists already[\s\S]*--force/);
    await writeFile(file, 'older');
    expect((await cli([...run, '--force'])).code).toBe(0);
    expect((await readFile(file, 'utf8')).startsWith('{')).toBe(true);
    expect(await readdir(space.path('.'))).toEqual(['report.json']);
    expect(await cli([...run.slice(0, -1), space.path('no/such/report')])).toMatchObject({ code: 4, stdout: '' });
  });

  it('shows the checks there are without asking anybody', async () => {
    const { code, stdout } = await cli(['doctor', 'run', '--list'], { terminalColumns: 80 });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^check\.integration\.oci\.referrers +warn +referrers, compatibility, oci-1\.1$/m);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(JSON.parse((await cli(['doctor', 'run', '--list', '--format', 'json'])).stdout)).toHaveLength(6);
  });

  it.each([
    [
      'no registry',
      [],
      'error: doctor run: no registry is named',
      '--registry-url https://registry.example.com, or set OCI__RegistryUrl',
    ],
    [
      'a check there is not',
      ['--registry-url', 'a.example', '--check', `${referrers}s`],
      'there is no check',
      `did you mean ${referrers}?`,
    ],
    [
      'a tag there is not',
      ['--registry-url', 'a.example', '--tag', 'conectivity'],
      'there is no tag',
      'did you mean connectivity?',
    ],
    [
      'a password in the URL',
      ['--registry-url', 'https://u:hunter2@a.example'],
      'has a user name or password in it',
      '--password-stdin',
    ],
    [
      'a repository in capitals',
      ['--registry-url', 'a.example', '--test-repository', 'App'],
      'option testRepository',
      'next:',
    ],
    [
      'a user name alone',
      ['--registry-url', 'a.example', '--username', 'u'],
      '--username and --password-stdin belong together',
      'next:',
    ],
    ['another format', ['--format', 'yaml'], "'yaml' is invalid", 'doctor run --help'],
  ])('%s is told in one line with the next step, and exit 4', async (_what, flags, message, next) => {
    const { code, stdout, stderr } = await cli(['doctor', 'run', ...flags]);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toContain(message);
    expect(stderr).toContain(next);
    expect(stderr).not.toMatch(/hunter2|\n {4}at /);
  });
});
