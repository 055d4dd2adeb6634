import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import type { ConnectionFlags } from '../../../src/cli/connection-flags.js';
import { connectionOptions } from '../../../src/cli/connection-options.js';
import { createOutput } from '../../../src/cli/output.js';
import type { ResolverOptions } from '../../../src/index.js';
import { Capture, cli, createWorkspace, publish, sbomType } from './support.js';

const user = { username: 'ci', password: 'correct horse' };

async function optionsFor(flags: Partial<ConnectionFlags>, registries: readonly string[]): Promise<ResolverOptions> {
  const io = { stdout: new Capture(), stderr: new Capture(), stdin: Readable.from([`${user.password}\r\n`]), env: {} };
  const context = { io, output: createOutput(io, {}), signal: new AbortController().signal };
  return await connectionOptions({ fallback: true, ...flags }, registries, context);
}

test('--password-stdin logs in; its last line break is not part of the password', async () => {
  await using registry = await startRegistry({ auth: { type: 'bearer', ...user } });
  publish(registry);
  const discover = ['discover', `${registry.host}/team/app:1.0`, '--username', user.username, '--password-stdin'];
  const { code, stdout } = await cli(discover, { stdin: `${user.password}\n` });
  expect(stdout).toContain(sbomType);
  expect(code).toBe(0);
});

test('wrong credentials exit with 3, name the registry, and never show the password', async () => {
  await using registry = await startRegistry({ auth: { type: 'basic', ...user } });
  publish(registry);
  const discover = ['discover', `${registry.host}/team/app:1.0`, '--username', user.username, '--password-stdin'];
  const { code, stdout, stderr } = await cli([...discover, '--verbose'], { stdin: 'wrong battery' });
  expect(stderr).toContain('code: ERR_OCI_UNAUTHORIZED');
  expect(stderr).toContain(`docker login ${registry.host}`);
  expect(stderr).not.toContain('battery');
  expect([code, stdout]).toEqual([3, '']);
});

test('an empty password is refused before anybody is asked', async () => {
  const discover = ['discover', 'localhost:1/a', '--username', 'me', '--password-stdin'];
  const { code, stderr } = await cli(discover, { stdin: '\n' });
  expect(stderr).toContain('standard input is empty');
  expect(code).toBe(4);
});

test('one password is not handed to two registries', async () => {
  await using workspace = await createWorkspace();
  const references = ['one.example.com/a:1', 'two.example.com/b:1'];
  const flags = ['--output', workspace.path('a.tgz'), '--username', 'me', '--password-stdin'];
  const { code, stderr } = await cli(['bundle', 'export', ...references, ...flags], { stdin: 'secret' });
  expect(stderr).toContain('this command names one.example.com and two.example.com');
  expect(code).toBe(4);
});

test('headers are sent to the registry of the reference', async () => {
  await using registry = await startRegistry();
  publish(registry);
  await cli(['discover', `${registry.host}/team/app:1.0`, '--header', 'X-Ticket=42=6*7']);
  expect(new Set(registry.requests.map(({ headers }) => headers['x-ticket']))).toEqual(new Set(['42=6*7']));
});

test('credentials, TLS settings and plain HTTP hold for the named registries alone', async () => {
  await using workspace = await createWorkspace();
  for (const name of ['ca', 'cert', 'key']) await writeFile(workspace.path(name), `-----BEGIN ${name}`);
  const files = { caFile: workspace.path('ca'), cert: workspace.path('cert'), keyFile: workspace.path('key') };
  const login = { username: user.username, passwordStdin: true };
  const options = await optionsFor({ ...files, ...login, plainHttp: true, timeout: 7, fallback: false }, ['docker.io']);
  const tls = { ca: '-----BEGIN ca', cert: '-----BEGIN cert', key: '-----BEGIN key', rejectUnauthorized: undefined };
  expect(options).toMatchObject({
    tls: { 'docker.io': tls, 'registry-1.docker.io': tls },
    plainHttp: ['docker.io', 'registry-1.docker.io'],
    timeouts: { discoveryMs: 7000 },
    fallbackHosts: false,
  });
  expect(await options.credentials?.('docker.io', {})).toEqual(user);
  expect(await options.credentials?.('elsewhere.example.com', {})).toBeUndefined();
});

test('a file of authorities that is not PEM is refused, before it is one that trusts nobody', async () => {
  await using workspace = await createWorkspace();
  const path = workspace.path('ca.der');
  await writeFile(path, Buffer.from([0x30, 0x82, 0x01, 0x0a]));
  const { code, stderr } = await cli(['discover', 'localhost:1/a', '--ca-file', path]);
  expect(stderr).toContain(`--ca-file: ${path} has nothing in PEM form`);
  expect(stderr).toContain('openssl x509 -inform der');
  expect(code).toBe(4);
});

test('without flags nothing is set but what the library takes as its default', async () => {
  const { logger, onWarning, ...rest } = await optionsFor({}, ['registry.example.com']);
  expect([typeof logger, typeof onWarning]).toEqual(['object', 'function']);
  expect(rest).toEqual({ fallbackHosts: true });
});

test('--insecure accepts any certificate of that host', async () => {
  const { tls } = await optionsFor({ insecure: true }, ['registry.example.com']);
  expect(tls).toMatchObject({ 'registry.example.com': { rejectUnauthorized: false } });
});

test('--fallback-on asks for the tag where a registry says 424 for want of the API, as the error proposes', async () => {
  await using registry = await startRegistry({ profile: 'acr-cache-ghcr' });
  publish(registry);
  const discover = ['discover', `${registry.host}/team/app:1.0`];
  const refused = await cli(discover);
  expect(refused.stderr).toContain('--fallback-on 424');
  expect(refused.code).toBe(3);
  const { code, stdout } = await cli([...discover, '--fallback-on', '424']);
  expect(stdout).toContain('referrers tag schema');
  expect(code).toBe(0);
});

test.each([
  ['500', '400, 410 or 424'],
  ['424x', '400, 410 or 424'],
])('--fallback-on %s is refused, and the statuses there are named', async (status, said) => {
  const { code, stderr } = await cli(['discover', 'localhost:1/a', '--fallback-on', status]);
  expect(stderr).toContain(said);
  expect(code).toBe(4);
});

test('--fallback-on and --no-fallback exclude each other', async () => {
  const { code, stderr } = await cli(['discover', 'localhost:1/a', '--fallback-on', '424', '--no-fallback']);
  expect(stderr).toContain('cannot be used with');
  expect(code).toBe(4);
});
