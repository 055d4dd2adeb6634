import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createDockerConfigProvider } from '../../../src/auth/docker-config.js';
import { makeFifo } from '../../support/make-fifo.js';
import { base64, credentialsFault, type DockerScene, openDockerScene } from './docker-scene.js';

let scene: DockerScene;
beforeEach(async () => {
  scene = await openDockerScene();
});

describe('the configuration file', () => {
  it('is the one the environment names, in order', async () => {
    await mkdir(join(scene.folder, '.docker'));
    const write = async (path: string, user: string): Promise<string> => {
      await writeFile(path, JSON.stringify({ auths: { 'r.example': { username: user, password: 'x' } } }));
      return path;
    };
    const authFile = await write(join(scene.folder, 'auth.json'), 'auth-file');
    await write(join(scene.folder, 'config.json'), 'docker-config');
    const ask = async (environment: NodeJS.ProcessEnv): Promise<unknown> =>
      await createDockerConfigProvider({ environment })('r.example', {});
    expect(await ask({ REGISTRY_AUTH_FILE: authFile, DOCKER_CONFIG: scene.folder })).toMatchObject({
      username: 'auth-file',
    });
    expect(await ask({ REGISTRY_AUTH_FILE: '', DOCKER_CONFIG: scene.folder })).toMatchObject({
      username: 'docker-config',
    });
    expect(await ask({ DOCKER_CONFIG: join(scene.folder, '.docker') })).toBeUndefined();
  });

  it('that is not there is an error when it was named, and means no credentials when it was looked for', async () => {
    const path = join(scene.folder, 'config.json', 'x');
    const named = createDockerConfigProvider({ path });
    await expect(named('r.example', {})).rejects.toEqual(credentialsFault(`${path} is not there`));
    const lookedFor = createDockerConfigProvider({ environment: { DOCKER_CONFIG: scene.folder } });
    expect(await lookedFor('r.example', {})).toBeUndefined();
  });

  it('that is a named pipe is an error, and nobody waits for it', async () => {
    makeFifo(scene.path);
    const provider = createDockerConfigProvider({ path: scene.path });
    await expect(provider('r.example', {})).rejects.toEqual(credentialsFault('is no regular file'));
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
    const error: unknown = await scene.find(text, 'r.example').catch((thrown: unknown) => thrown);
    expect(error).toEqual(credentialsFault('config.json'));
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/c2Vjcm|secret/);
  });

  it('that cannot be read is an error', async () => {
    await mkdir(join(scene.folder, 'config.json'));
    const provider = createDockerConfigProvider({ path: join(scene.folder, 'config.json') });
    await expect(provider('r.example', {})).rejects.toEqual(credentialsFault('is no regular file'));
  });

  const host = 'r.example';
  const entry = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        auth: fc.oneof(fc.string().map(base64), fc.base64String(), fc.string(), fc.integer()),
        username: fc.option(fc.string()),
        password: fc.option(fc.string()),
        identitytoken: fc.oneof(fc.string(), fc.constant(null), fc.boolean()),
        registrytoken: fc.oneof(fc.string(), fc.array(fc.string())),
      },
      { requiredKeys: [] },
    ),
  );
  const byHost = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<unknown> =>
    fc.oneof(
      fc.dictionary(fc.oneof(fc.constantFrom(host, `https://${host}/v1/`, '__proto__'), fc.string()), value),
      fc.jsonValue(),
    );
  const config = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        {
          auths: byHost(entry),
          credHelpers: byHost(fc.oneof(fc.string(), fc.jsonValue())),
          credsStore: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  );

  it.each<[string, fc.Arbitrary<string | Uint8Array>]>([
    ['it holds', config],
    ['its bytes are', fc.uint8Array()],
  ])('gives credentials, none, or ERR_OCI_CREDENTIALS, whatever %s', async (_, contents) => {
    const { path, folder: PATH } = scene;
    const provider = createDockerConfigProvider({ path, environment: { PATH } });
    const ask = async (): Promise<unknown> => await provider(host, {});
    await fc.assert(
      fc.asyncProperty(contents, async (content) => {
        await writeFile(path, content);
        const answer: unknown = await ask().catch((error: unknown) => error);
        if (answer instanceof Error) expect(answer).toEqual(credentialsFault('config.json'));
        else if (answer !== undefined) expect(Object.values(answer as object)).toContainEqual(expect.any(String));
      }),
    );
  });
});
