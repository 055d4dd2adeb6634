import { beforeEach, describe, expect, it } from 'vitest';
import type { Credentials } from '../../../src/auth/credentials.js';
import { base64, type DockerScene, openDockerScene } from './docker-scene.js';

let scene: DockerScene;
beforeEach(async () => {
  scene = await openDockerScene();
});

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
    expect(await scene.find({ auths: { 'r.example': entry } }, 'r.example')).toEqual(expected);
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
    expect(await scene.find({ auths: { [key]: entry } }, host)).toEqual(found);
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
    expect(await scene.find({ auths: { [key]: entry } }, host)).toBeUndefined();
  });

  it('under the exact host wins over one that only comes down to it', async () => {
    const auths = { 'https://r.example/v1/': { auth: base64('a:b') }, 'r.example': entry };
    expect(await scene.find({ auths }, 'r.example')).toEqual(found);
  });
});
