import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { programPath } from './build-programs.js';
import { ChildServer } from './child-server.js';

/** A real registry on a loopback port. */
export interface InteropRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Ends the server and removes what it stored. */
  stop(): Promise<void>;
}

/** One kind of real server. */
export interface RegistryKind {
  readonly name: string;
  /** Programs it needs. */
  readonly tools: readonly string[];
  /** Where it keeps its lists of referrers. */
  readonly source: 'api' | 'tag-schema';
  start(): Promise<InteropRegistry>;
}

/** A registry that answers the referrers API of OCI 1.1 itself: olareg in a program of ours. */
export const nativeRegistry: RegistryKind = {
  name: 'a native OCI 1.1 registry',
  tools: ['go'],
  source: 'api',
  async start() {
    const server = new ChildServer(programPath('registry'), []);
    const host = /^listening (127\.0\.0\.1:\d+)$/.exec(await server.firstLine())?.[1];
    if (host !== undefined) return { host, stop: () => server.stop() };
    await server.stop();
    throw new Error('the native registry did not say where it listens');
  },
};

/** Debian's package of the CNCF registry: no referrers API, so lists live under tags. */
export const dockerRegistry: RegistryKind = {
  name: 'docker-registry',
  tools: ['docker-registry'],
  source: 'tag-schema',
  async start() {
    const directory = await mkdtemp(join(tmpdir(), 'docker-registry-'));
    const cleanUp = (): Promise<void> => rm(directory, { recursive: true, force: true });
    try {
      // It does not say which port it got, so it is told one; somebody else may take that in between.
      for (let attempt = 1; ; attempt++) {
        const host = `127.0.0.1:${String(await freePort())}`;
        const server = await serve(directory, host);
        if (server instanceof ChildServer) {
          return { host, stop: () => server.stop().then(cleanUp) };
        }
        if (attempt === 5) throw new Error(`docker-registry did not start: ${server}`);
      }
    } catch (error) {
      await cleanUp();
      throw error;
    }
  },
};

// docker-registry does not watch its input; the shell does it for it.
const untilInputEnds = 'exec 3<&0; "$@" & server=$!; { cat <&3 >/dev/null; kill "$server"; } & wait "$server"';

async function serve(directory: string, host: string): Promise<ChildServer | string> {
  const mark = randomUUID();
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } },
    http: { addr: host, secret: mark, headers: { 'X-Interop': [mark] } },
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
