import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createHostsDirectory } from '@stellaops/oci-referrers';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeFifo } from '../../support/make-fifo.js';
import { type CertsD, createCertsD, hostsFault, pemFiles } from './hosts-scene.js';

let certsD: CertsD;
beforeEach(async () => {
  certsD = await createCertsD();
});

const mirror = (name: string): Record<string, string> => ({ 'hosts.toml': `server = "https://${name}.example"` });

describe('the directory of a registry', () => {
  it.each([
    ['r.example:5000', ['r.example_5000_', 'r.example:5000', '_default']],
    ['r.example', ['r.example', '_default']],
    ['[::1]:5000', ['[::1]_5000_', '[::1]:5000', '_default']],
    ['[::1]', ['[::1]', '_default']],
    ['docker.io', ['docker.io', '_default']],
    ['R.EXAMPLE:5000', ['r.example_5000_', 'R.Example_5000_', 'r.example:5000', '_default']],
  ])('of %s is the first of %j', async (registry, names) => {
    for (const [index, name] of [...names].reverse().entries()) {
      await certsD.write(name, mirror(`m${index}`));
      expect(await certsD.hosts(registry), name).toMatchObject([{ host: `m${index}.example` }]);
    }
  });

  it.each(['r.example_5000_', 'r.example:5000', 'example', 'x.r.example'])('is not %s for r.example', async (name) => {
    await certsD.write(name, mirror('m'));
    expect(await certsD.hosts('r.example')).toBeUndefined();
  });

  it('may be a link, and so may its files', async () => {
    const folder = await certsD.write('elsewhere', { ...mirror('m'), 'real.pem': pemFiles['ca.pem'] });
    await symlink(relative(certsD.path, folder), join(certsD.path, 'r.example'));
    expect(await certsD.hosts('r.example')).toMatchObject([{ host: 'm.example' }]);
    await rm(join(folder, 'hosts.toml'));
    await symlink('real.pem', join(folder, 'ca.crt'));
    expect(await certsD.hosts('r.example')).toMatchObject([{ host: 'r.example', tls: { ca: [pemFiles['ca.pem']] } }]);
  });

  it('is read again a second later, so that a change counts', async () => {
    const hosts = createHostsDirectory(certsD.path);
    await certsD.write('r.example', mirror('before'));
    expect(await hosts('r.example')).toMatchObject([{ host: 'before.example' }]);
    await certsD.write('r.example', mirror('after'));
    await expect.poll(() => hosts('r.example'), { timeout: 10_000 }).toMatchObject([{ host: 'after.example' }]);
  });

  it('is read again at once when there was a fault in it', async () => {
    const hosts = createHostsDirectory(certsD.path);
    await certsD.write('r.example', { 'hosts.toml': 'x' });
    await expect(hosts('r.example')).rejects.toEqual(hostsFault('hosts.toml'));
    await certsD.write('r.example', mirror('repaired'));
    expect(await hosts('r.example')).toMatchObject([{ host: 'repaired.example' }]);
  });

  it('is read once for many who ask at the same time', async () => {
    const hosts = createHostsDirectory(certsD.path);
    await certsD.write('r.example', mirror('m'));
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, async () => await hosts('r.example')));
    expect(first).toMatchObject([{ host: 'm.example' }]);
    expect(others.every((other) => other === first)).toBe(true);
  });

  it.each(['../r.example', '..', '.', 'a/b', '_default', '', 'a\0b', '/etc'])(
    'is never looked for under %j',
    async (name) => {
      await certsD.write('_default', mirror('m'));
      await expect(certsD.hosts(name)).rejects.toMatchObject({
        code: 'ERR_OCI_INVALID_REFERENCE',
        argument: 'registry',
      });
    },
  );

  it('that is a link to nowhere, or a file, is an error and not passed over', async () => {
    await symlink('missing', join(certsD.path, 'link.example'));
    await writeFile(join(certsD.path, 'file.example'), '');
    await expect(certsD.hosts('link.example')).rejects.toEqual(hostsFault('link.example is no directory', 'ENOENT'));
    await expect(certsD.hosts('file.example')).rejects.toEqual(hostsFault('file.example is no directory', 'ENOTDIR'));
  });

  it('with a hosts.toml that is a link to nowhere, a directory or a named pipe is an error', async () => {
    const link = await certsD.write('link.example', {});
    await symlink('missing', join(link, 'hosts.toml'));
    await expect(certsD.hosts('link.example')).rejects.toEqual(hostsFault('link.example/hosts.toml is a link'));
    await mkdir(join(certsD.path, 'folder.example', 'hosts.toml'), { recursive: true });
    await expect(certsD.hosts('folder.example')).rejects.toEqual(hostsFault('hosts.toml is no regular file'));
    const pipe = await certsD.write('pipe.example', {});
    makeFifo(join(pipe, 'hosts.toml'));
    await expect(certsD.hosts('pipe.example')).rejects.toEqual(hostsFault('hosts.toml is no regular file'));
  });

  it('of all registries has to be there', async () => {
    const missing = createHostsDirectory(join(certsD.path, 'missing'));
    await expect(missing('r.example')).rejects.toEqual(hostsFault('missing is no directory', 'ENOENT'));
    expect(() => createHostsDirectory('')).toThrow('is no path');
  });
});

describe("certificates in Docker's form", () => {
  const { 'ca.pem': ca, 'client.crt.pem': cert, 'client.key.pem': key, 'client.pem': both } = pemFiles;
  const all = ['pull', 'resolve', 'push', 'referrers'];
  const privateKey = expect.stringContaining('PRIVATE KEY') as string;

  it.each<[string, Record<string, string>, unknown]>([
    ['nothing', {}, undefined],
    ['an empty hosts.toml', { 'hosts.toml': '' }, undefined],
    ['authorities', { 'b.crt': ca, 'a.crt': cert }, { ca: [cert, ca] }],
    ['a certificate and its key', { 'me.cert': cert, 'me.key': key }, { cert, key: privateKey }],
    ['both in one file', { 'me.cert': both, 'ca.crt': ca, README: 'x' }, { ca: [ca], cert, key: privateKey }],
  ])('set up the registry itself: %s', async (_, files, tls) => {
    await certsD.write('r.example', files);
    const scheme = tls === undefined ? undefined : 'https';
    expect(await certsD.hosts('r.example')).toEqual([{ host: 'r.example', scheme, capabilities: all, tls }]);
  });

  it('are left aside where there is a hosts.toml', async () => {
    await certsD.write('r.example', { 'hosts.toml': '# nothing', 'ca.crt': 'no PEM' });
    expect(await certsD.hosts('r.example')).toEqual([{ host: 'r.example', capabilities: all }]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['are none', { 'ca.crt': 'no PEM' }, 'ca.crt holds no certificate'],
    ['lack the certificate', { 'me.crt': cert, 'me.key': key }, 'me.key is a key without a certificate'],
    ['lack the key', { 'me.cert': cert }, 'me.cert holds no private key'],
    ['are two', { 'a.cert': both, 'b.cert': both }, 'r.example holds 2 client certificates'],
  ])('that %s are an error that names the file', async (_, files, reason) => {
    await certsD.write('r.example', files);
    await expect(certsD.hosts('r.example')).rejects.toEqual(hostsFault(reason));
  });
});
