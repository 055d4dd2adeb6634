import { beforeEach, describe, expect, it } from 'vitest';
import { type CertsD, createCertsD, hostsFault, pemFiles, thrown } from './hosts-scene.js';

const all = ['pull', 'resolve', 'push', 'referrers'];
const itself = { host: 'r.example', capabilities: all };
let certsD: CertsD;
beforeEach(async () => {
  certsD = await createCertsD();
});

describe('hosts.toml', () => {
  it('gives its hosts in the order of the file, then the registry itself', async () => {
    const hosts = await certsD.read(`
[host."https://z.example"]
[host."https://a.example:5000".header]
  x-a = "1"
[host."http://10.0.0.1"]
[host."https://z.example".header]
  x-z = "1"
`);
    expect(hosts?.map(({ scheme, host }) => `${scheme ?? 'default'} ${host}`)).toEqual([
      'https z.example',
      'https a.example:5000',
      'http 10.0.0.1',
      'default r.example',
    ]);
  });

  it('puts the server it names in the place of the registry, with what stands at the top', async () => {
    const hosts = await certsD.read(`
server = "https://upstream.example"
capabilities = ["pull", "resolve", "referrers"]
dial_timeout = "1.5s"
header.x-top = "server alone"
[host."https://mirror.example"]
`);
    expect(hosts).toEqual([
      { host: 'mirror.example', scheme: 'https', path: '/v2', capabilities: all },
      {
        host: 'upstream.example',
        scheme: 'https',
        path: '/v2',
        capabilities: ['pull', 'resolve', 'referrers'],
        connectMs: 1500,
        headers: { 'x-top': 'server alone' },
      },
    ]);
  });

  it('means every capability where it names none, as in containerd', async () => {
    expect(await certsD.read('[host."https://m.example"]\ncapabilities = []')).toMatchObject([
      { capabilities: all },
      { capabilities: all },
    ]);
  });

  it('from before the referrers API leaves that to the server', async () => {
    const hosts = await certsD.read('[host."https://m.example"]\ncapabilities = ["Pull", "RESOLVE"]');
    expect(hosts?.map((host) => host.capabilities)).toEqual([['pull', 'resolve'], all]);
  });

  it.each([
    ['https://m.example', '', '/v2'],
    ['https://m.example/', '', '/v2'],
    ['https://m.example/v2/', '', '/v2'],
    ['https://m.example/hub', '', '/hub/v2'],
    ['https://m.example/a//b/../c/', '', '/a/c/v2'],
    ['https://m.example/v2/hub', 'override_path = true', '/v2/hub'],
    ['https://m.example/', 'override_path = true', '/'],
    ['m.example/v2', '', '/v2'],
    ['HTTPS://m.example', 'override_path = false', '/v2'],
  ])('asks %s (%s) below %s', async (url, line, path) => {
    const [host] = (await certsD.read(`[host."${url}"]\n${line}`)) ?? [];
    expect(host).toMatchObject({ scheme: 'https', host: 'm.example', path });
  });

  it('asks Docker Hub where it is, by whichever of its names it is called', async () => {
    await certsD.write('docker.io', { 'hosts.toml': 'server = "https://docker.io"\n[host."https://m.example"]' });
    const hosts = await certsD.hosts('docker.io');
    expect(hosts?.map(({ host }) => host)).toEqual(['m.example', 'registry-1.docker.io']);
  });

  it('may say that a mirror speaks for the registry alone', async () => {
    expect(await certsD.read('[host."https://m.example"]\nauthoritative = true')).toMatchObject([
      { authoritative: true },
      itself,
    ]);
  });

  it.each([
    ['1s', 1000],
    ['500ms', 500],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1us', 1],
    ['+24h', 86_400_000],
  ])('takes a dial_timeout of %s for %i ms', async (duration, connectMs) => {
    expect(await certsD.read(`dial_timeout = "${duration}"`)).toMatchObject([{ connectMs }]);
  });

  it('joins the values of a header', async () => {
    expect(await certsD.read('[header]\nx-a = ["one", "two"]\nx-b = "three"')).toMatchObject([
      { headers: { 'x-a': 'one, two', 'x-b': 'three' } },
    ]);
  });

  it('takes authorities and client certificates from files, relative to its own directory', async () => {
    const folder = await certsD.write('r.example', pemFiles);
    const identity = { cert: pemFiles['client.crt.pem'], key: expect.stringContaining('PRIVATE KEY') as string };
    const read = async (lines: string): Promise<unknown> => (await certsD.read(lines))?.[0]?.tls;
    expect(await read('ca = "ca.pem"')).toEqual({ ca: [pemFiles['ca.pem']] });
    expect(await read(`ca = ["./ca.pem", "${folder}/ca.pem"]`)).toEqual({
      ca: [pemFiles['ca.pem'], pemFiles['ca.pem']],
    });
    for (const client of [
      '"client.pem"',
      '["client.pem"]',
      '[["client.pem", ""]]',
      '[["client.crt.pem", "client.key.pem"]]',
    ]) {
      expect(await read(`client = ${client}`)).toEqual(identity);
    }
    expect(await read('skip_verify = true')).toEqual({ rejectUnauthorized: false });
    expect(await read('skip_verify = false')).toEqual({ rejectUnauthorized: true });
  });
});

describe('a hosts.toml that cannot be followed to the letter', () => {
  const mirror = 'host."https://m.example"';
  it.each<[string, string, ...string[]]>([
    ['an unknown key', 'servr = "https://m.example"', 'has servr, which is no key'],
    ['an unknown key of a host', `[${mirror}]\ncapability = ["pull"]`, `has ${mirror}.capability, which is no key`],
    ['a host in a host', `[${mirror}]\n[${mirror}.host."https://n.example"]`, `has ${mirror}.host, which is no key`],
    [
      'an unknown capability',
      `[${mirror}]\ncapabilities = ["pull", "pul"]`,
      `${mirror}.capabilities[1]`,
      'none of pull',
    ],
    ['a capability that is a number', 'capabilities = [1]', 'has capabilities[0], which is no text'],
    ['a server that is a list', 'server = ["https://m.example"]', 'has server, which is no URL'],
    ['an empty server', 'server = ""', 'has server, which is no URL'],
    ['a host that is a date', '[host]\n"https://m.example" = 1979-05-27', `has ${mirror}, which is no table`],
    ['hosts that are a list', '[[host]]\n"https://m.example" = 1', 'has host, which is no table'],
    ['a server with another scheme', 'server = "ftp://m.example"', 'has server, which is neither http:// nor https://'],
    ['a host that is none', '[host."https://a b"]', 'has host."https://a b", which is not the URL of a host'],
    ['a host without a name', '[host."https://"]', 'which is not the URL of a host'],
    ['a host that is a number', '[host.5000]', 'has host."5000", which is not the URL of a host'],
    ['a port that cannot be', '[host."https://m.example:70000"]', 'which is not the URL of a host'],
    ['a path that cannot be', '[host."https://m.example/a b"]', 'has a path that cannot stand in a URL'],
    [
      'override_path without a server',
      'override_path = true',
      'has override_path, which is about the path of a server',
    ],
    ['override_path that is a text', 'override_path = "yes"', 'has override_path, which is neither true nor false'],
    ['skip_verify that is a number', 'skip_verify = 1', 'has skip_verify, which is neither true nor false'],
    ['authoritative that is a text', 'authoritative = ""', 'has authoritative, which is neither true nor false'],
    ['a dial_timeout without a unit', 'dial_timeout = "5"', 'has dial_timeout, which is no duration'],
    ['a dial_timeout that is a number', 'dial_timeout = 5', 'has dial_timeout, which is no duration'],
    ['a dial_timeout of nothing', 'dial_timeout = "0s"', 'has dial_timeout, which is no duration'],
    ['a dial_timeout of two days', 'dial_timeout = "48h"', 'has dial_timeout, which is no duration'],
    [
      'a header with credentials',
      '[header]\nAuthorization = "Basic abc"',
      'has header.Authorization',
      'use credentials',
    ],
    ['a cookie', `[${mirror}.header]\ncookie = ["abc"]`, `has ${mirror}.header.cookie`, 'use credentials'],
    ['a header that is none', '[header]\n"x y" = "abc"', 'has header.x y, which is not a header name'],
    ['a header with a line break', '[header]\nx = "abc\\r\\nHost: evil"', 'has header.x, which has a line break'],
    ['a header that is a number', '[header]\nx = 1', 'has header.x, which is no text'],
    ['a header twice', '[header]\nx-a = "1"\nX-A = "2"', 'has header.X-A, which is there twice'],
    ['headers that are a text', 'header = "x: 1"', 'has header, which is no table'],
    ['an empty ca', 'ca = ""', 'has ca, which is empty'],
    ['a ca that is a table', 'ca = {}', 'has ca, which is no text'],
    ['a client that is a number', 'client = 1', 'has client, which is neither a file nor a pair'],
    ['a pair of three', 'client = [["a", "b", "c"]]', 'has client[0], which is neither a file nor a pair'],
    ['two client certificates', 'client = ["a", "b"]', 'has client, which names 2 client certificates'],
    [
      'ca for plain HTTP',
      '[host."http://m.example"]\nca = "ca.pem"',
      'has host."http://m.example".ca, which is for TLS',
    ],
    [
      'too many hosts',
      Array.from({ length: 101 }, (_, n) => `[host."https://m${n}"]`).join('\n'),
      'more than 100 hosts',
    ],
    ['no end of a string', 'server = "https', 'line 1: unfinished string'],
    ['the same key twice', '\nca = "a"\nca = "b"', 'line 3: trying to redefine'],
    ['the same host twice', `[${mirror}]\n[${mirror}]`, 'line 2: trying to redefine'],
    ['no TOML at all', '<html>', 'line 1'],
    ['a key that is not safe', '__proto__ = 1', 'line 1: document contains an unsafe property'],
    ['lists in lists without end', `ca = ${'['.repeat(500_000)}`, 'line 1: document contains excessively nested'],
    ['more than 1 MiB', `#${'x'.repeat(1024 * 1024)}`, 'is larger than 1048576 bytes'],
  ])('because of %s is an error that names file and key', async (_, text, ...reasons) => {
    await expect(certsD.read(text)).rejects.toEqual(hostsFault('r.example/hosts.toml', ...reasons));
  });

  it('because its bytes are not UTF-8 is an error that names the file', async () => {
    await expect(certsD.read(Buffer.of(0x23, 0xff))).rejects.toEqual(hostsFault('r.example/hosts.toml is not UTF-8'));
  });

  it.each([
    ['a URL', '[host."https://user:hunter2@m.example"]'],
    ['a URL without a scheme', 'server = "user:hunter2@m.example/v2"'],
    ['a URL with a slash in the password', '[host."https://user:a/hunter2@m.example"]\nx = 1'],
    ['a query', '[host."https://m.example?token=hunter2"]'],
    ['a header', '[header]\nx-token = "hunter2'],
    ['a line near the fault', '[header]\nx-token = "hunter2"\nx-token = 1'],
  ])('keeps the secret of %s to itself', async (_, text) => {
    const error = await thrown(() => certsD.read(text));
    expect(error).toEqual(hostsFault('hosts.toml'));
    expect(`${error.stack ?? ''} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('hunter2');
  });

  it('is no matter to another registry', async () => {
    await certsD.write('broken.example', { 'hosts.toml': 'x' });
    expect(await certsD.read('')).toEqual([expect.objectContaining(itself)]);
    await expect(certsD.hosts('broken.example')).rejects.toEqual(hostsFault('broken.example'));
  });
});

describe('a certificate that hosts.toml names', () => {
  const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  it.each([
    ['is not there', 'ca = "missing.pem"', {}, ['has ca, which names ', '/missing.pem, which is not there']],
    ['is none', 'ca = "x.pem"', { 'x.pem': 'no PEM' }, ['has ca', 'holds no certificate']],
    ['is a key', 'ca = "client.key.pem"', pemFiles, ['has ca', 'holds no certificate']],
    ['is damaged', 'ca = ["x.pem"]', { 'x.pem': pemFiles['ca.pem'] + damaged }, ['cannot be read, number 2']],
    ['has no end', 'ca = "x.pem"', { 'x.pem': '-----BEGIN CERTIFICATE-----\n'.repeat(30_000) }, ['number 1']],
    ['is too large', 'ca = "x.pem"', { 'x.pem': 'x'.repeat(1024 * 1024 + 1) }, ['larger than']],
    ['has a name that no file can have', 'ca = "a\\u0000b"', {}, ['has ca', 'cannot be read: ERR_INVALID_ARG_VALUE']],
    ['has no key', 'client = "client.crt.pem"', pemFiles, ['has client', 'holds no private key']],
    ['has the key of another', 'client = [["ca.pem", "client.key.pem"]]', pemFiles, ['has client', 'does not belong']],
    [
      'has a key that is not there',
      'client = [["client.pem", "x"]]',
      pemFiles,
      ['has client', '/x, which is not there'],
    ],
  ])('and %s is an error that names file and key', async (_, line, files, reasons) => {
    await certsD.write('r.example', files);
    await expect(certsD.read(line)).rejects.toEqual(hostsFault('r.example/hosts.toml', ...reasons));
  });
});
