import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Credentials } from '../../../src/auth/credentials.js';
import { createDockerConfigProvider } from '../../../src/auth/docker-config.js';

/** A folder with Docker's configuration and credential helpers in it. */
export interface DockerScene {
  readonly folder: string;
  /** Where {@link find} writes the configuration. */
  readonly path: string;
  /** Only the test's own helpers come before those of the machine. */
  readonly environment: NodeJS.ProcessEnv;
  /** Looks a host up in a configuration. */
  find(config: unknown, host: string, timeoutMs?: number): Promise<Credentials | undefined>;
  /** Installs a credential helper: a shell script that gets the server's URL on its standard input. */
  installHelper(name: string, script: string): Promise<void>;
}

/** Makes the folder for the length of one test. */
export async function openDockerScene(): Promise<DockerScene> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
  onTestFinished(async () => {
    await rm(folder, { recursive: true });
  });
  const path = join(folder, 'config.json');
  const environment = { PATH: [folder, process.env['PATH']].join(delimiter), HOME: folder };
  return {
    folder,
    path,
    environment,
    async find(config, host, timeoutMs = 10_000) {
      await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
      return await createDockerConfigProvider({ path, environment, helperTimeoutMs: timeoutMs })(host, {});
    },
    async installHelper(name, script) {
      const file = join(folder, `docker-credential-${name}`);
      await writeFile(file, `#!/bin/sh\nread -r SERVER\n${script}\n`);
      await chmod(file, 0o755);
    },
  };
}

/** An error about stored credentials, and what its message says. */
export function credentialsFault(reason: string): unknown {
  return expect.objectContaining({
    code: 'ERR_OCI_CREDENTIALS',
    message: expect.stringContaining(reason) as string,
    hint: expect.any(String) as string,
  });
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
