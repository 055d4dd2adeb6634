import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createDockerConfigProvider } from '../../../src/auth/docker-config.js';
import { base64, credentialsFault, type DockerScene, openDockerScene } from './docker-scene.js';

let scene: DockerScene;
beforeEach(async () => {
  scene = await openDockerScene();
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const answering = (username: string, secret: string): string =>
  `printf '{"ServerURL":"%s","Username":"${username}","Secret":"${secret}"}' "$SERVER"`;

describe('a credential helper', () => {
  it('is asked for the host it is named for', async () => {
    await scene.installHelper('mine', answering('user', '$SERVER'));
    expect(await scene.find({ credHelpers: { 'r.example:5000': 'mine' } }, 'r.example:5000')).toEqual({
      username: 'user',
      password: '$SERVER',
    });
  });

  it('comes before auths, and those before the store', async () => {
    await scene.installHelper('mine', answering('helper', 'x'));
    await scene.installHelper('store', answering('store', 'x'));
    const config = {
      credsStore: 'store',
      credHelpers: { 'a.example': 'mine' },
      auths: { 'a.example': { auth: base64('auths:x') }, 'b.example': { auth: base64('auths:x') }, 'c.example': {} },
    };
    const users = ['a.example', 'b.example', 'c.example', 'd.example'].map(
      async (host) => await scene.find(config, host),
    );
    expect((await Promise.all(users)).map((user) => user !== undefined && 'username' in user && user.username)).toEqual(
      ['helper', 'auths', 'store', 'store'],
    );
  });

  it('is asked for Docker Hub under its old URL', async () => {
    await scene.installHelper('store', `[ "$SERVER" = https://index.docker.io/v1/ ] && ${answering('hub', 'x')}`);
    expect(await scene.find({ credsStore: 'store' }, 'docker.io')).toMatchObject({ username: 'hub' });
  });

  it('may give an identity token', async () => {
    await scene.installHelper('store', answering('<token>', 'refresh'));
    expect(await scene.find({ credsStore: 'store' }, 'r.example')).toEqual({ identityToken: 'refresh' });
  });

  it('that knows nothing leaves the registry without credentials', async () => {
    await scene.installHelper('store', 'echo "credentials not found in native keychain"; exit 1');
    expect(await scene.find({ credsStore: 'store' }, 'r.example')).toBeUndefined();
    await scene.installHelper('empty', answering('', ''));
    expect(await scene.find({ credsStore: 'empty' }, 'r.example')).toBeUndefined();
  });

  it.each([
    ['fails', 'echo "top secret"; exit 1', 'failed'],
    ['answers nonsense', 'echo "top secret"', 'did not answer with Username and Secret'],
    ['answers without a secret', `echo '{"Username":"top secret"}'`, 'did not answer'],
    ['says too much', 'yes "top secret"', 'took too long or said too much'],
  ])('that %s is an error that repeats nothing of what it said', async (_, script, reason) => {
    await scene.installHelper('store', script);
    const error: unknown = await scene.find({ credsStore: 'store' }, 'r.example').catch((thrown: unknown) => thrown);
    expect(error).toEqual(credentialsFault(reason));
    expect(JSON.stringify(error)).not.toContain('top secret');
  });

  it('that hangs is ended', async () => {
    await scene.installHelper('store', 'exec sleep 60');
    await expect(scene.find({ credsStore: 'store' }, 'r.example', 200)).rejects.toEqual(
      credentialsFault('took too long'),
    );
  });

  it('that takes no notice of being ended is ended, and so is waiting for what it started', async () => {
    await scene.installHelper('store', `trap '' TERM\nsleep 20`);
    await expect(scene.find({ credsStore: 'store' }, 'r.example', 200)).rejects.toEqual(
      credentialsFault('took too long'),
    );
  });

  it('that takes no notice is gone when nobody waits for it', async () => {
    const pidFile = join(scene.folder, 'pid');
    await scene.installHelper(
      'store',
      `trap '' TERM\necho $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; sleep 20`,
    );
    const caller = new AbortController();
    const { path, environment } = scene;
    await writeFile(path, '{"credsStore":"store"}');
    const call = createDockerConfigProvider({ path, environment })('r.example', { signal: caller.signal });
    const settled = expect(call).rejects.toThrow('enough');
    const pid = await vi.waitUntil(() => readFile(pidFile, 'utf8').catch(() => undefined), { timeout: 10_000 });
    caller.abort(new Error('enough'));
    await settled;
    await expect.poll(() => isRunning(Number(pid))).toBe(false);
  });

  it('that is not installed is an error, not anonymous access', async () => {
    await expect(scene.find({ credsStore: 'missing' }, 'r.example')).rejects.toEqual(
      credentialsFault('is not installed'),
    );
  });

  it.each(['../evil', 'a/b', 'a b', '-x', '', 'a;b', '$(id)', 'x'.repeat(200)])(
    'called %j is never run',
    async (helper) => {
      await expect(scene.find({ credHelpers: { 'r.example': helper } }, 'r.example')).rejects.toEqual(
        credentialsFault('not allowed'),
      );
    },
  );

  it('is ended when nobody waits for it', async () => {
    await scene.installHelper('store', 'exec sleep 60');
    const { path, environment } = scene;
    await writeFile(path, '{"credsStore":"store"}');
    const reason = new Error('enough');
    const caller = new AbortController();
    const call = createDockerConfigProvider({ path, environment })('r.example', { signal: caller.signal });
    setTimeout(() => {
      caller.abort(reason);
    }, 50);
    await expect(call).rejects.toBe(reason);
  });
});
