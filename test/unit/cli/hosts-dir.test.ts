import { mkdir, writeFile } from 'node:fs/promises';
import { startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, test } from 'vitest';
import { authority, clientIdentity, serverIdentity } from '../http/certificates.js';
import { cli, createWorkspace, publish, sbomType, short, type Workspace } from './support.js';

const user = { username: 'ci', password: 'correct horse' };

/** Writes a file into the directory of a registry below `certs.d`, and returns `certs.d`. */
async function certsD(workspace: Workspace, registry: string, files: Record<string, string>): Promise<string> {
  await mkdir(workspace.path(`certs.d/${registry}`), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(workspace.path(`certs.d/${registry}/${name}`), text);
  }
  return workspace.path('certs.d');
}

async function dockerConfig(workspace: Workspace, registry: TestRegistry): Promise<string> {
  const auth = Buffer.from(`${user.username}:${user.password}`).toString('base64');
  await writeFile(workspace.path('auth.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  return workspace.path('auth.json');
}

describe('--hosts-dir', () => {
  test('discovers through a mirror with a client certificate, and asks the registry what only it may say', async () => {
    await using workspace = await createWorkspace();
    const tls = { ...serverIdentity, ca: authority, requestCert: true, rejectUnauthorized: true };
    await using mirror = await startRegistry({ tls });
    await using upstream = await startRegistry({ tls: serverIdentity });
    publish(mirror);
    const { sbom } = publish(upstream);
    const directory = await certsD(workspace, 'registry.example.com', {
      'hosts.toml': `server = "${upstream.origin}"
ca = "ca.pem"
authoritative = true
[host."${mirror.origin}"]
ca = "ca.pem"
client = "client.pem"
capabilities = ["pull", "resolve"]
`,
      'ca.pem': authority,
      'client.pem': `${clientIdentity.cert}\n${clientIdentity.key}`,
    });
    const argv = ['discover', 'registry.example.com/team/app:1.0', '--hosts-dir', directory];
    const { code, stdout, stderr } = await cli(argv);
    expect(stderr).toBe('');
    expect(stdout).toContain(short(sbom.descriptor.digest));
    expect(code).toBe(0);
    expect(mirror.requests.some(({ endpoint }) => endpoint === 'referrers')).toBe(false);
    expect(upstream.requests.some(({ endpoint }) => endpoint === 'referrers')).toBe(true);
  });

  test('exports from an air-gapped mirror that stands for every registry', async () => {
    await using workspace = await createWorkspace();
    await using mirror = await startRegistry();
    publish(mirror);
    const toml = `server = "${mirror.origin}"\nauthoritative = true\n`;
    const directory = await certsD(workspace, '_default', { 'hosts.toml': toml });
    const output = workspace.path('bundle.tgz');
    const argv = ['bundle', 'export', 'any.example.com/team/app:1.0', '--output', output, '--hosts-dir', directory];
    const exported = await cli(argv);
    expect(exported).toMatchObject({ code: 0 });
    const { stdout } = await cli(['bundle', 'inspect', '--file', output]);
    expect(stdout).toContain('any.example.com/team/app:1.0');
    expect(stdout).toContain(sbomType);
  });

  test('with a hosts.toml that cannot be followed exits with 4, names file and key, and asks nobody', async () => {
    await using workspace = await createWorkspace();
    await using registry = await startRegistry();
    publish(registry);
    const directory = await certsD(workspace, registry.host, { 'hosts.toml': 'capabilites = ["pull"]' });
    const { code, stdout, stderr } = await cli(['discover', `${registry.host}/team/app:1.0`, '--hosts-dir', directory]);
    expect(stderr).toContain(`${registry.host}/hosts.toml has capabilites, which is no key of hosts.toml`);
    expect(stderr).toContain('next: the keys here are server, host, capabilities');
    expect([code, stdout, registry.requests]).toEqual([4, '', []]);
  });
});

describe('--registry-config', () => {
  test('logs in with what the file has', async () => {
    await using workspace = await createWorkspace();
    await using registry = await startRegistry({ auth: { type: 'bearer', ...user } });
    publish(registry);
    const reference = `${registry.host}/team/app:1.0`;
    expect(await cli(['discover', reference])).toMatchObject({ code: 3 });
    const config = await dockerConfig(workspace, registry);
    const { code, stdout } = await cli(['discover', reference, '--registry-config', config]);
    expect(stdout).toContain(sbomType);
    expect(code).toBe(0);
  });

  test('that cannot be read is wrong input, not an unconfirmed list', async () => {
    await using workspace = await createWorkspace();
    await writeFile(workspace.path('broken.json'), '{');
    await using registry = await startRegistry({ auth: { type: 'basic', ...user } });
    const argv = ['discover', `${registry.host}/team/app:1.0`, '--registry-config', workspace.path('broken.json')];
    const { code, stderr } = await cli(argv);
    expect(stderr).toContain('code: ERR_OCI_CREDENTIALS');
    expect(code).toBe(4);
  });

  test('is the only file that is looked at', async () => {
    await using workspace = await createWorkspace();
    await using registry = await startRegistry({ auth: { type: 'basic', ...user } });
    publish(registry);
    process.env['REGISTRY_AUTH_FILE'] = await dockerConfig(workspace, registry);
    try {
      await writeFile(workspace.path('empty.json'), '{}');
      const argv = ['discover', `${registry.host}/team/app:1.0`];
      expect(await cli(argv)).toMatchObject({ code: 0 });
      const { code, stderr } = await cli([...argv, '--registry-config', workspace.path('empty.json')]);
      expect(stderr).toContain('code: ERR_OCI_UNAUTHORIZED');
      expect(code).toBe(3);
    } finally {
      delete process.env['REGISTRY_AUTH_FILE'];
    }
  });
});

test.each([
  ['--hosts-dir', 'missing', 'ENOENT', 'check the path'],
  ['--hosts-dir', 'a-file', 'is no directory', 'name a directory'],
  ['--hosts-dir', '', 'empty', 'help'],
  ['--registry-config', 'missing', 'ENOENT', 'check the path'],
  ['--registry-config', '.', 'is no file', 'name a file'],
])('%s with %j exits with 4 before anybody is asked', async (flag, name, reason, hint) => {
  await using workspace = await createWorkspace();
  await using registry = await startRegistry();
  await writeFile(workspace.path('a-file'), '');
  const path = name === '' ? '' : workspace.path(name);
  const { code, stderr } = await cli(['discover', `${registry.host}/team/app:1.0`, flag, path]);
  expect(stderr).toContain(reason);
  expect(stderr).toContain(hint);
  expect([code, registry.requests]).toEqual([4, []]);
});
