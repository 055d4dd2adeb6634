import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ChildServer } from './child-server.js';
import type { InteropRegistry } from './registries.js';
import { startTokenServer } from './token-server.js';
import { asHtpasswd } from './users.js';

/** The `auth` section of a configuration, and what ends what it needs. */
interface Access {
  readonly auth?: unknown;
  readonly stop?: (() => Promise<void>) | undefined;
}

/**
 * Starts Debian's docker-registry; it asks nobody who they are, for a password, or for tokens of a service of ours.
 *
 * @param deletes - whether it deletes, which it does not as it comes
 */
export async function startDockerRegistry(access?: 'htpasswd' | 'token', deletes = true): Promise<InteropRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'docker-registry-'));
  let stopAccess: Access['stop'];
  const cleanUp = async (): Promise<void> => {
    await stopAccess?.();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const { auth, stop } = await openAccess(directory, access);
    stopAccess = stop;
    // It does not say which port it got, so it is told one; somebody else may take that in between.
    for (let attempt = 1; ; attempt++) {
      const host = `127.0.0.1:${String(await freePort())}`;
      const server = await serve(directory, host, auth, deletes);
      if (server instanceof ChildServer) {
        return { host, stop: () => server.stop().then(cleanUp) };
      }
      if (attempt === 5) throw new Error(`docker-registry did not start: ${server}`);
    }
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function openAccess(directory: string, access: 'htpasswd' | 'token' | undefined): Promise<Access> {
  if (access === undefined) return {};
  const path = join(directory, access);
  if (access === 'htpasswd') {
    await writeFile(path, asHtpasswd());
    return { auth: { htpasswd: { realm: 'interop', path } } };
  }
  const tokens = await startTokenServer();
  await writeFile(path, tokens.certificate);
  return { auth: { token: { ...tokens.settings, rootcertbundle: path } }, stop: () => tokens.stop() };
}

// docker-registry does not watch its input; the shell does it for it.
const untilInputEnds = 'exec 3<&0; "$@" & server=$!; { cat <&3 >/dev/null; kill "$server"; } & wait "$server"';

async function serve(directory: string, host: string, auth: unknown, deletes: boolean): Promise<ChildServer | string> {
  const mark = randomUUID();
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: deletes } },
    // What it says of uploads holds behind a proxy that speaks TLS for it, too.
    http: { addr: host, secret: mark, relativeurls: true, headers: { 'X-Interop': [mark] } },
    ...(auth === undefined ? {} : { auth }),
  };
  // JSON is YAML.
  const path = join(directory, 'config.yml');
  await writeFile(path, JSON.stringify(config));
  const server = new ChildServer('sh', ['-c', untilInputEnds, 'sh', 'docker-registry', 'serve', path]);
  const deadline = Date.now() + 15_000;
  while (server.isRunning && Date.now() < deadline) {
    const answer = await fetch(`http://${host}/v2/`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    // The mark tells this server from another one that was quicker on the same port.
    if (answer?.headers.get('x-interop') === mark) return server;
    await delay(50);
  }
  await server.stop();
  return server.errors;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
