import { readdir } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { endingSignals, Interruption } from '../../../src/cli/interruption.js';
import { runCli } from '../../../src/cli/run-cli.js';
import { besideProbes, Capture, cli, createWorkspace, publish } from './support.js';

test('a registry that is down exits with 3, says what failed and what to look at, and shows no stack', async () => {
  const registry = await startRegistry();
  await registry.close();
  const { code, stdout, stderr } = await cli(['discover', `${registry.host}/team/app:1.0`]);
  const [error, second, third, end] = stderr.split('\n');
  expect(error).toBe(`error: HEAD ${registry.origin}/v2/team/app/manifests/1.0 failed: connection refused`);
  expect(second).toBe('  code: ERR_OCI_NETWORK');
  expect(third).toMatch(/^ {2}next: is the registry running/);
  expect(end).toBe('');
  expect([code, stdout]).toEqual([3, '']);
});

test('--verbose adds the requests and the stack', async () => {
  await using registry = await startRegistry();
  const { stderr } = await cli(['discover', `${registry.host}/team/app:1.0`, '--verbose']);
  expect(stderr).toMatch(/\[DEBUG\] .*404/);
  expect(stderr).toMatch(/^ {2}from: RegistryError/m);
  expect(stderr).toMatch(/^ {4}at /m);
});

test('an image that is not there exits with 3', async () => {
  await using registry = await startRegistry();
  const { code, stderr } = await cli(['discover', `${registry.host}/team/app:1.0`]);
  expect(stderr).toContain('ERR_OCI_NOT_FOUND');
  expect(code).toBe(3);
});

test('a list that cannot be confirmed exits with 3 and shows what was tried', async () => {
  await using registry = await startRegistry({
    rewrite: (request, answer) =>
      request.endpoint === 'referrers'
        ? {
            status: 200,
            headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
            body: Buffer.from('{}'),
          }
        : answer,
  });
  publish(registry);
  const { code, stdout, stderr } = await cli(['discover', `${registry.host}/team/app:1.0`]);
  expect(stderr).toContain(`  tried: referrers at ${registry.host}: 200, `);
  expect([code, stdout]).toEqual([3, '']);
});

test('what a registry says in an error cannot redraw the terminal', async () => {
  await using registry = await startRegistry({
    intercept: (_request, response) => {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ code: 'DENIED', message: '\u001b[2J\u202egone' }] }));
      return true;
    },
  });
  const { code, stderr } = await cli(['discover', `${registry.host}/team/app@sha256:${'0'.repeat(64)}`, '--verbose']);
  for (const char of ['\u001b', '\u202e']) expect(stderr).not.toContain(char);
  expect(stderr).toContain('DENIED \\u001b[2J\\u202egone');
  expect(code).toBe(3);
});

test('discovery that fails during an export exits with 3, a blob that fails with 5, and neither leaves a file', async () => {
  let faulty = 'referrers';
  await using registry = await startRegistry({
    rewrite: (request, answer) =>
      request.endpoint === faulty ? { status: 403, headers: {}, body: Buffer.from('{}') } : answer,
  });
  await using workspace = await createWorkspace();
  publish(registry);
  const exportIt = ['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', workspace.path('a.tgz')];
  expect((await cli(exportIt)).code).toBe(3);
  expect((await cli([...exportIt, '--dry-run'])).code).toBe(3);
  faulty = 'blob';
  expect((await cli(exportIt)).code).toBe(5);
  expect(await readdir(workspace.path('.'))).toEqual([]);
});

test.each([
  ['SIGINT', 130, 'interrupted'],
  ['SIGTERM', 143, 'terminated'],
  ['SIGHUP', 129, 'hung up'],
] as const)('%s in the middle of a blob exits with %i and leaves no file', async (signal, code, message) => {
  const controller = new AbortController();
  await using registry = await startRegistry({
    intercept: ({ endpoint }) => {
      if (endpoint === 'blob') controller.abort(new Interruption(signal));
      return endpoint === 'blob';
    },
  });
  await using workspace = await createWorkspace();
  publish(registry);
  const exportIt = ['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', workspace.path('a.tgz')];
  const run = await cli(exportIt, { signal: controller.signal });
  expect([run.code, run.stdout, besideProbes(run)]).toEqual([code, '', `${message}\n`]);
  expect(await readdir(workspace.path('.'))).toEqual([]);
});

test('every signal that ends the command lets it clean up, also that of a terminal that goes away', () => {
  expect(endingSignals).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP']);
});

test('an interruption while the password is typed ends the command', async () => {
  const controller = new AbortController();
  const stdin = new Readable({
    read: () => {
      controller.abort(new Interruption('SIGINT'));
    },
  });
  const io = { stdout: new Capture(), stderr: new Capture(), stdin, env: {}, signal: controller.signal };
  expect(await runCli(['discover', 'localhost:1/a', '--username', 'me', '--password-stdin'], io)).toBe(130);
});

test('a reader that stops early is no fault', async () => {
  await using registry = await startRegistry();
  publish(registry);
  const stderr = new Capture();
  const io = { stdout: failing('EPIPE'), stderr, stdin: Readable.from([]), env: {} };
  expect(await runCli(['discover', `${registry.host}/team/app:1.0`], io)).toBe(0);
  expect(stderr.text).toBe('');
});

test('a result that cannot be written is a fault', async () => {
  await using registry = await startRegistry();
  publish(registry);
  const stderr = new Capture();
  const io = { stdout: failing('ENOSPC'), stderr, stdin: Readable.from([]), env: {} };
  expect(await runCli(['discover', `${registry.host}/team/app:1.0`], io)).toBe(5);
  expect(stderr.text).toContain('error: ENOSPC');
  expect(stderr.text).toContain('look at disk space');
  expect(await runCli(['--help'], { ...io, stdout: failing('ENOSPC') })).toBe(5);
});

function failing(code: string): Writable {
  return new Writable({
    write: (_chunk, _encoding, done): void => {
      done(Object.assign(new Error(`${code}: write`), { code, syscall: 'write' }));
    },
  });
}
