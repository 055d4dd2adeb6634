import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { startRegistry, type TestRegistry, type TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { startDockerRegistry } from '../../interop/support/docker-registry.js';
import { metricsFolder, programFolder } from './build-tools.js';
import { type Certificates, type Identity, makeCertificates } from './certificates.js';
import { type NamesProxy, startNamesProxy } from './names-proxy.js';
import { Terminal } from './terminal.js';

/** Names that a page uses, each with a server behind it, and a terminal that can reach nothing else. */
export interface Stage extends AsyncDisposable {
  readonly terminal: Terminal;
  /** Where the terminal works. */
  readonly directory: string;
  readonly certificates: Certificates;
  /** Lets a registry in memory be reached, with TLS, by a public name. */
  serve(name: string, options?: TestRegistryOptions, identity?: Identity): Promise<TestRegistry>;
  /** Starts Debian's docker-registry behind something that speaks TLS for it; gives back where it listens itself. */
  serveDockerRegistry(name: string): Promise<string>;
}

/** Opens a stage; whatever is not served there cannot be reached, as if it were gone. */
export async function openStage(names: readonly string[]): Promise<Stage> {
  const cleanUps: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    const root = await mkdtemp(join(tmpdir(), 'runbook-'));
    cleanUps.push(() => rm(root, { recursive: true, force: true }));
    const certificates = await makeCertificates(root, names);
    const proxy = await startNamesProxy();
    cleanUps.push(() => proxy.close());
    const terminal = await openTerminal(root, proxy, certificates);
    cleanUps.push(() => terminal[Symbol.asyncDispose]());
    return {
      terminal,
      directory: join(root, 'work'),
      certificates,
      async serve(name, options = {}, identity = certificates.server) {
        const registry = await startNamed(name, options, identity, proxy);
        cleanUps.push(() => registry.close());
        return registry;
      },
      async serveDockerRegistry(name) {
        const registry = await startDockerRegistry();
        cleanUps.push(() => registry.stop());
        const front = await startFront(registry.host, certificates.server);
        cleanUps.push(() => front.close());
        proxy.routes.set(`${name}:443`, front.port);
        return registry.host;
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openTerminal(root: string, proxy: NamesProxy, { authority }: Certificates): Promise<Terminal> {
  const [home, work, shims] = ['home', 'work', 'shims'].map((name) => join(root, name)) as [string, string, string];
  for (const path of [home, work, shims]) await mkdir(path);
  // What curl shows is what it shows without a proxy, on a terminal.
  await writeFile(join(home, '.curlrc'), 'no-progress-meter\nsuppress-connect-headers\n');
  await symlink(metricsFolder, join(home, 'metrics'));
  // s_client is the one that does not ask the environment for a proxy.
  const { host } = new URL(proxy.url);
  const command = `case $1 in s_client) shift; set -- s_client -proxy ${host} "$@" ;; esac`;
  await writeFile(join(shims, 'openssl'), `#!/bin/sh\n${command}\nPATH=\${PATH#*:} exec openssl "$@"\n`, {
    mode: 0o755,
  });
  return new Terminal(work, {
    PATH: [shims, programFolder, process.env['PATH'] ?? ''].join(delimiter),
    HOME: home,
    TMPDIR: root,
    LC_ALL: 'C.UTF-8',
    HTTPS_PROXY: proxy.url,
    NO_PROXY: '127.0.0.1',
    CURL_CA_BUNDLE: authority,
    SSL_CERT_FILE: authority,
    NODE_EXTRA_CA_CERTS: authority,
  });
}

/** A registry says `127.0.0.1:PORT` of itself; out here it has a name, and so has the web site it sends clients to. */
async function startNamed(
  name: string,
  options: TestRegistryOptions,
  identity: Identity,
  { routes }: NamesProxy,
): Promise<TestRegistry> {
  const named: [string, string][] = [];
  const tls = { key: await readFile(identity.key), cert: await readFile(identity.cert) };
  const registry = await startRegistry({
    ...options,
    tls,
    rewrite: async (request, own, store) => {
      const answer = (await options.rewrite?.(request, own, store)) ?? own;
      const rename = (text: string): string => named.reduce((all, [from, to]) => all.replaceAll(from, to), text);
      const headers = Object.entries(answer.headers).map(([key, value]) => {
        return [key, typeof value === 'string' ? rename(value) : value.map(rename)] as const;
      });
      return { ...answer, headers: Object.fromEntries(headers) };
    },
  });
  named.push([registry.origin, `https://${name}`]);
  routes.set(`${name}:443`, portOf(registry.host));
  if (registry.elsewhere !== undefined) {
    named.push([registry.elsewhere.origin, `https://www.${name}`]);
    routes.set(`www.${name}:443`, portOf(registry.elsewhere.host));
  }
  return registry;
}

function portOf(host: string): number {
  return Number(new URL(`http://${host}`).port);
}

/** Speaks TLS for a server that does not. */
async function startFront(host: string, identity: Identity): Promise<{ port: number; close: () => Promise<void> }> {
  const tls = { key: await readFile(identity.key), cert: await readFile(identity.cert) };
  const sockets = new Set<{ destroy: () => unknown }>();
  const server = createTlsServer(tls, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.setMaxListeners(20);
    pipeline(socket, connect(portOf(host), '127.0.0.1'), socket, () => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
