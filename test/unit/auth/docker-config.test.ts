import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Credentials } from '../../../src/auth/credentials.js';
import { createDockerConfigProvider } from '../../../src/auth/docker-config.js';
import { parseDockerConfig } from '../../../src/auth/docker-config-file.js';

const fault = (reason: string): unknown =>
  expect.objectContaining({
    code: 'ERR_OCI_CREDENTIALS',
    message: expect.stringContaining(reason) as string,
    hint: expect.any(String) as string,
  });
const base64 = (text: string): string => Buffer.from(text).toString('base64');

let folder = '';
beforeEach(async () => {
  const made = await mkdtemp(join(tmpdir(), 'docker-config-'));
  folder = made;
  onTestFinished(async () => {
    await rm(made, { recursive: true });
  });
});

/** Looks a host up in a configuration, with only the test's own helpers on the PATH. */
async function find(config: unknown, host: string, timeoutMs = 10_000): Promise<Credentials | undefined> {
  const path = join(folder, 'config.json');
  await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
  const environment = { PATH: [folder, process.env['PATH']].join(delimiter), HOME: folder };
  const provider = createDockerConfigProvider({ path, environment, helperTimeoutMs: timeoutMs });
  return await provider(host, {});
}

/** Installs a credential helper: a shell script that gets the server's URL on its standard input. */
async function installHelper(name: string, script: string): Promise<void> {
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\nread -r SERVER\n${script}\n`);
  await chmod(path, 0o755);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const answering = (username: string, secret: string): string =>
  `printf '{"ServerURL":"%s","Username":"${username}","Secret":"${secret}"}' "$SERVER"`;

describe('an entry of auths', () => {
  it.each<[string, unknown, Credentials | undefined]>([
    ['auth', { auth: base64('user:pa:ss') }, { username: 'user', password: 'pa:ss' }],
    ['auth padded with NUL', { auth: base64('user:pass\0\0') }, { username: 'user', password: 'pass' }],
    ['auth in UTF-8', { auth: base64('üser:påss') }, { username: 'üser', password: 'påss' }],
    ['user name and password', { username: 'user', password: 'pass' }, { username: 'user', password: 'pass' }],
    ['an identity token', { auth: base64('00000000:'), identitytoken: 'refresh' }, { identityToken: 'refresh' }],
    ['the user <token>', { auth: base64('<token>:refresh') }, { identityToken: 'refresh' }],
    ['a registry token', { registrytoken: 'bearer' }, { token: 'bearer' }],
    ['nothing, as credsStore leaves it', {}, undefined],
    ['an e-mail address alone', { email: 'a@b' }, undefined],
  ])('with %s is understood', async (_, entry, expected) => {
    expect(await find({ auths: { 'r.example': entry } }, 'r.example')).toEqual(expected);
  });

  const entry = { auth: base64('u:p') };
  const found = { username: 'u', password: 'p' };

  it.each([
    ['r.example', 'r.example'],
    ['r.example:5000', 'r.example:5000'],
    ['https://r.example', 'r.example'],
    ['https://r.example/', 'r.example'],
    ['https://r.example/v1/', 'r.example'],
    ['http://r.example:5000/v2', 'r.example:5000'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['https://index.docker.io/v1/', 'registry-1.docker.io'],
    ['docker.io', 'docker.io'],
    ['index.docker.io', 'docker.io'],
  ])('under %s is the one for %s', async (key, host) => {
    expect(await find({ auths: { [key]: entry } }, host)).toEqual(found);
  });

  it.each([
    ['r.example', 'r.example:5000'],
    ['r.example:5000', 'r.example'],
    ['example', 'r.example'],
    ['r.example', 'example'],
    ['r.example.evil', 'r.example'],
    ['evil.example/r.example', 'r.example'],
    ['r.example/team', 'r.example'],
    ['https://r.example/v1/x', 'r.example'],
    ['https://index.docker.io/v1/', 'r.example'],
    ['__proto__', 'constructor'],
  ])('under %s is not the one for %s', async (key, host) => {
    expect(await find({ auths: { [key]: entry } }, host)).toBeUndefined();
  });

  it('under the exact host wins over one that only comes down to it', async () => {
    const auths = { 'https://r.example/v1/': { auth: base64('a:b') }, 'r.example': entry };
    expect(await find({ auths }, 'r.example')).toEqual(found);
  });
});

describe('a credential helper', () => {
  it('is asked for the host it is named for', async () => {
    await installHelper('mine', answering('user', '$SERVER'));
    expect(await find({ credHelpers: { 'r.example:5000': 'mine' } }, 'r.example:5000')).toEqual({
      username: 'user',
      password: '$SERVER',
    });
  });

  it('comes before auths, and those before the store', async () => {
    await installHelper('mine', answering('helper', 'x'));
    await installHelper('store', answering('store', 'x'));
    const config = {
      credsStore: 'store',
      credHelpers: { 'a.example': 'mine' },
      auths: { 'a.example': { auth: base64('auths:x') }, 'b.example': { auth: base64('auths:x') }, 'c.example': {} },
    };
    const users = ['a.example', 'b.example', 'c.example', 'd.example'].map(async (host) => await find(config, host));
    expect((await Promise.all(users)).map((user) => user !== undefined && 'username' in user && user.username)).toEqual(
      ['helper', 'auths', 'store', 'store'],
    );
  });

  it('is asked for Docker Hub under its old URL', async () => {
    await installHelper('store', `[ "$SERVER" = https://index.docker.io/v1/ ] && ${answering('hub', 'x')}`);
    expect(await find({ credsStore: 'store' }, 'docker.io')).toMatchObject({ username: 'hub' });
  });

  it('may give an identity token', async () => {
    await installHelper('store', answering('<token>', 'refresh'));
    expect(await find({ credsStore: 'store' }, 'r.example')).toEqual({ identityToken: 'refresh' });
  });

  it('that knows nothing leaves the registry without credentials', async () => {
    await installHelper('store', 'echo "credentials not found in native keychain"; exit 1');
    expect(await find({ credsStore: 'store' }, 'r.example')).toBeUndefined();
    await installHelper('empty', answering('', ''));
    expect(await find({ credsStore: 'empty' }, 'r.example')).toBeUndefined();
  });

  it.each([
    ['fails', 'echo "top secret"; exit 1', 'failed'],
    ['answers nonsense', 'echo "top secret"', 'did not answer with Username and Secret'],
    ['answers without a secret', `echo '{"Username":"top secret"}'`, 'did not answer'],
    ['says too much', 'yes "top secret"', 'took too long or said too much'],
  ])('that %s is an error that repeats nothing of what it said', async (_, script, reason) => {
    await installHelper('store', script);
    const error: unknown = await find({ credsStore: 'store' }, 'r.example').catch((thrown: unknown) => thrown);
    expect(error).toEqual(fault(reason));
    expect(JSON.stringify(error)).not.toContain('top secret');
  });

  it('that hangs is ended', async () => {
    await installHelper('store', 'exec sleep 60');
    await expect(find({ credsStore: 'store' }, 'r.example', 200)).rejects.toEqual(fault('took too long'));
  });

  it('that takes no notice of being ended is ended, and so is waiting for what it started', async () => {
    await installHelper('store', `trap '' TERM\nsleep 20`);
    await expect(find({ credsStore: 'store' }, 'r.example', 200)).rejects.toEqual(fault('took too long'));
  });

  it('that takes no notice is gone when nobody waits for it', async () => {
    const pidFile = join(folder, 'pid');
    await installHelper('store', `trap '' TERM\necho $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; sleep 20`);
    const caller = new AbortController();
    const environment = { PATH: [folder, process.env['PATH']].join(delimiter) };
    const path = join(folder, 'config.json');
    await writeFile(path, '{"credsStore":"store"}');
    const call = createDockerConfigProvider({ path, environment })('r.example', { signal: caller.signal });
    const settled = expect(call).rejects.toThrow('enough');
    const pid = await vi.waitUntil(() => readFile(pidFile, 'utf8').catch(() => undefined), { timeout: 10_000 });
    caller.abort(new Error('enough'));
    await settled;
    await expect.poll(() => isRunning(Number(pid))).toBe(false);
  });

  it('that is not installed is an error, not anonymous access', async () => {
    await expect(find({ credsStore: 'missing' }, 'r.example')).rejects.toEqual(fault('is not installed'));
  });

  it.each(['../evil', 'a/b', 'a b', '-x', '', 'a;b', '$(id)', 'x'.repeat(200)])(
    'called %j is never run',
    async (helper) => {
      await expect(find({ credHelpers: { 'r.example': helper } }, 'r.example')).rejects.toEqual(fault('not allowed'));
    },
  );

  it('is ended when nobody waits for it', async () => {
    await installHelper('store', 'exec sleep 60');
    const path = join(folder, 'config.json');
    await writeFile(path, '{"credsStore":"store"}');
    const environment = { PATH: [folder, process.env['PATH']].join(delimiter) };
    const reason = new Error('enough');
    const caller = new AbortController();
    const call = createDockerConfigProvider({ path, environment })('r.example', { signal: caller.signal });
    setTimeout(() => {
      caller.abort(reason);
    }, 50);
    await expect(call).rejects.toBe(reason);
  });
});

describe('the configuration file', () => {
  it('is the one the environment names, in order', async () => {
    await mkdir(join(folder, '.docker'));
    const write = async (path: string, user: string): Promise<string> => {
      await writeFile(path, JSON.stringify({ auths: { 'r.example': { username: user, password: 'x' } } }));
      return path;
    };
    const authFile = await write(join(folder, 'auth.json'), 'auth-file');
    await write(join(folder, 'config.json'), 'docker-config');
    const ask = async (environment: NodeJS.ProcessEnv): Promise<unknown> =>
      await createDockerConfigProvider({ environment })('r.example', {});
    expect(await ask({ REGISTRY_AUTH_FILE: authFile, DOCKER_CONFIG: folder })).toMatchObject({ username: 'auth-file' });
    expect(await ask({ REGISTRY_AUTH_FILE: '', DOCKER_CONFIG: folder })).toMatchObject({ username: 'docker-config' });
    expect(await ask({ DOCKER_CONFIG: join(folder, '.docker') })).toBeUndefined();
  });

  it('that is not there means no credentials', async () => {
    const provider = createDockerConfigProvider({ path: join(folder, 'config.json', 'x') });
    expect(await provider('r.example', {})).toBeUndefined();
  });

  it.each([
    ['is cut off', '{"auths":{"r.example":{"auth":"c2VjcmV0OnBhc3M='],
    ['has two values', '{}{}'],
    ['is empty', ''],
    ['is a list', '[]'],
    ['has auths that are a list', '{"auths":[]}'],
    ['has an entry that is a text', '{"auths":{"r.example":"c2VjcmV0"}}'],
    ['has a password that is a number', '{"auths":{"r.example":{"username":"u","password":5}}}'],
    ['has a user without a password', '{"auths":{"r.example":{"username":"u"}}}'],
    ['has an auth that is not base64', '{"auths":{"r.example":{"auth":"c2VjcmV0: !"}}}'],
    ['has an auth without a colon', `{"auths":{"r.example":{"auth":"${base64('secret')}"}}}`],
    ['has a helper that is a number', '{"credHelpers":{"r.example":1}}'],
    ['has a store that is a number', '{"credsStore":1}'],
    ['has the same host twice', '{"auths":{"r.example":{},"r.example":{}}}'],
    ['is larger than 1 MiB', `{"a":"${'x'.repeat(1024 * 1024)}"}`],
  ])('that %s is an error that names the file and no secret', async (_, text) => {
    const error: unknown = await find(text, 'r.example').catch((thrown: unknown) => thrown);
    expect(error).toEqual(fault('config.json'));
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/c2Vjcm|secret/);
  });

  it('that cannot be read is an error', async () => {
    await mkdir(join(folder, 'config.json'));
    const provider = createDockerConfigProvider({ path: join(folder, 'config.json') });
    await expect(provider('r.example', {})).rejects.toEqual(fault('cannot be read: EISDIR'));
  });

  it('is either read or refused with ERR_OCI_CREDENTIALS, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.json().map((json) => `{"auths":${json}}`),
          fc.string(),
        ),
        (text) => {
          try {
            parseDockerConfig(Buffer.from(text), 'config.json');
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_OCI_CREDENTIALS' });
          }
        },
      ),
    );
  });
});
