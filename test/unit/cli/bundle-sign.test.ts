import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKey } from '../bundle-sign/keys.js';
import { besideProbes, cli, createWorkspace, publish, type Workspace } from './support.js';

const key = makeKey();
const other = makeKey('ECDSA P-256');
let registry: Awaited<ReturnType<typeof startRegistry>>;
let workspace: Workspace;
beforeAll(async () => {
  registry = await startRegistry();
  workspace = await createWorkspace();
  publish(registry);
  await writeFile(workspace.path('key.pem'), key.privatePem, { mode: 0o600 });
  await writeFile(workspace.path('key.pub'), key.publicPem);
  await writeFile(workspace.path('other.pub'), other.publicPem);
});
afterAll(async () => {
  await registry.close();
  await workspace[Symbol.asyncDispose]();
});

const exportTo = (name: string, ...flags: string[]): ReturnType<typeof cli> =>
  cli(['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', workspace.path(name), ...flags]);
const validate = (name: string, ...flags: string[]): ReturnType<typeof cli> =>
  cli(['bundle', 'validate', '--file', workspace.path(name), ...flags]);
const path = (name: string): string => workspace.path(name);

test('export --sign-key signs, validate --key says who signed, and another key is refused with 2', async () => {
  const written = await exportTo('signed.tgz', '--sign-key', path('key.pem'));
  expect(written.stdout).toContain(`signed by ${key.hint}`);
  expect([written.code, besideProbes(written)]).toEqual([0, '']);
  const checked = await validate('signed.tgz', '--key', path('key.pub'));
  expect(checked.stdout).toContain(`signed by ${path('key.pub')} (${key.hint})\n`);
  expect(checked.code).toBe(0);
  const refused = await validate('signed.tgz', '--key', path('other.pub'));
  expect(refused.stdout).toContain('error SignatureUntrusted');
  expect(refused.code).toBe(2);
  const both = ['--key', path('other.pub'), '--key', path('key.pub')];
  expect((await validate('signed.tgz', ...both)).code).toBe(0);
  expect((await validate('signed.tgz', ...both, '--threshold', '2')).stdout).toContain('1 of 2');
});

test('sign writes a signature beside the bundle, and validate and import find it there', async () => {
  await using target = await startRegistry();
  await exportTo('plain.tgz');
  const importIt = ['bundle', 'import', '--file', path('plain.tgz'), '--to', target.host, '--key', path('key.pub')];
  const unsigned = await cli(importIt);
  expect(unsigned.stderr).toContain('SignatureMissing');
  expect([unsigned.code, target.requests]).toEqual([2, []]);

  const sign = ['bundle', 'sign', '--file', path('plain.tgz'), '--sign-key', path('key.pem')];
  const signed = await cli(sign);
  expect(signed.stdout).toContain(`key    ${key.hint}`);
  expect(signed.stdout).toContain(`wrote  ${path('plain.tgz.sigstore.json')}`);
  expect([signed.code, signed.stderr]).toEqual([0, '']);
  expect((await validate('plain.tgz', '--key', path('key.pub'))).code).toBe(0);
  const without = await validate('plain.tgz');
  expect(without.stderr).toContain(`${path('plain.tgz.sigstore.json')} was not looked at; give --key`);
  expect(without.code).toBe(0);
  const imported = await cli(importIt);
  expect(imported.stdout).toContain(`signed by ${path('key.pub')} (${key.hint})\n`);
  expect(imported.code).toBe(0);

  const again = await cli(sign);
  expect(again.stderr).toContain('exists already');
  expect(again.code).toBe(5);
  expect((await cli([...sign, '--force', '--format', 'json'])).code).toBe(0);
});

test('--signature names a signature that stands elsewhere', async () => {
  await exportTo('apart.tgz');
  const sign = [
    'bundle',
    'sign',
    '--file',
    path('apart.tgz'),
    '--sign-key',
    path('key.pem'),
    '--output',
    path('s.json'),
  ];
  expect((await cli(sign)).code).toBe(0);
  const flags = ['--key', path('key.pub')];
  expect((await validate('apart.tgz', ...flags)).code).toBe(2);
  expect((await validate('apart.tgz', ...flags, '--signature', path('s.json'))).code).toBe(0);
  const gone = await validate('apart.tgz', ...flags, '--signature', path('gone.json'));
  expect(gone.stderr).toContain('gone.json');
  expect(gone.code).toBe(4);
});

test('--expect-previous refuses a bundle that builds on another one', async () => {
  await exportTo('next.tgz');
  const { code, stdout } = await validate('next.tgz', '--expect-previous', `sha256:${'a'.repeat(64)}`);
  expect(stdout).toContain('error BaseMismatch');
  expect(code).toBe(2);
  expect((await validate('next.tgz', '--expect-previous', 'yesterday')).code).toBe(4);
});

test('a bundle that is damaged is not signed', async () => {
  await exportTo('bad.tgz');
  const bytes = await readFile(path('bad.tgz'));
  bytes.writeUInt8((bytes.at(-600) ?? 0) ^ 1, bytes.length - 600);
  await writeFile(path('bad.tgz'), bytes);
  const { code, stderr } = await cli(['bundle', 'sign', '--file', path('bad.tgz'), '--sign-key', path('key.pem')]);
  expect(stderr).toContain('nothing was signed');
  expect(code).toBe(2);
});

test('a private key that others can read is used with a warning', async () => {
  await writeFile(path('open.pem'), key.privatePem);
  await chmod(path('open.pem'), 0o644);
  const { code, stderr } = await exportTo('open.tgz', '--sign-key', path('open.pem'));
  expect(stderr).toContain('can be read by others');
  expect(code).toBe(0);
});

test('an encrypted key is opened with the passphrase from the environment', async () => {
  const pem = key.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' });
  await writeFile(path('locked.pem'), pem, { mode: 0o600 });
  await exportTo('locked.tgz');
  const sign = ['bundle', 'sign', '--file', path('locked.tgz'), '--sign-key', path('locked.pem')];
  const refused = await cli(sign);
  expect(refused.stderr).toContain('locked.pem: option key: is encrypted');
  expect(refused.code).toBe(4);
  expect((await cli(sign, { env: { OCI_REFERRERS_KEY_PASSPHRASE: 'open sesame' } })).code).toBe(0);
});

test('a key that cannot be used names its file and exits with 4, before the bundle is opened', async () => {
  await rename(path('next.tgz'), path('moved.tgz'));
  for (const [flags, said] of [
    [['--key', path('key.pem')], 'key.pem: option trustedKeys.0: is a private key'],
    [['--key', path('gone.pub')], 'gone.pub cannot be read'],
    [['--threshold', '1'], 'signatureThreshold'],
    [['--key', path('key.pub'), '--threshold', '2'], 'signatureThreshold'],
    [['--key', path('key.pub'), '--threshold', '0'], 'from 1 to 16'],
  ] as const) {
    const { code, stderr } = await validate('next.tgz', ...flags);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain(key.privatePem.split('\n')[1]);
    expect(code).toBe(4);
  }
});
