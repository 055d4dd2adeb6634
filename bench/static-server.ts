import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Descriptor } from '@stellaops/oci-referrers';
import { programPath } from './go-programs.js';

/** How the server answers; see `peers/serve`. */
export interface ServerOptions {
  readonly scene: 'list' | 'none' | 'pages' | 'closure' | 'image';
  readonly delayMs?: number | undefined;
  readonly tagSchema?: boolean | undefined;
  readonly auth?: boolean | undefined;
  readonly protocol?: 'http' | 'https' | 'h2' | undefined;
  readonly layerBytes?: number | undefined;
}

interface Greeting {
  readonly host: string;
  readonly control: string;
  readonly subject: Descriptor;
  readonly manifests: number;
  readonly blobs: number;
}

/** A registry whose answers were made before the first question. */
export interface StaticServer extends Greeting, AsyncDisposable {
  readonly options: ServerOptions;
  /** File of its certificate; undefined for plain HTTP. */
  readonly ca: string | undefined;
  /** Tells how many requests of each kind came since it was last asked. */
  seen(): Promise<Readonly<Record<string, number>>>;
}

/** Starts the server as a process of its own. */
export async function startStaticServer(options: ServerOptions): Promise<StaticServer> {
  const { scene, delayMs = 0, tagSchema = false, auth = false, protocol = 'http', layerBytes } = options;
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const ca = protocol === 'http' ? undefined : join(folder, 'ca.pem');
  const child = spawn(
    programPath('serve'),
    [
      ...['-scene', scene, '-delay', `${delayMs}ms`],
      ...(tagSchema ? ['-tag-schema'] : []),
      ...(auth ? ['-auth'] : []),
      ...(ca === undefined ? [] : ['-tls', ca]),
      ...(protocol === 'h2' ? ['-http2'] : []),
      ...(layerBytes === undefined ? [] : ['-layer-bytes', String(layerBytes)]),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const greeting = JSON.parse(await firstLine(child)) as Greeting;
  return {
    ...greeting,
    options,
    ca,
    seen: async () => (await (await fetch(greeting.control)).json()) as Record<string, number>,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

/** Reads what a server says first: where it listens. */
export async function firstLine(child: ChildProcess & { readonly stdout: Readable }): Promise<string> {
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`${child.spawnfile} ended before it said where it listens`);
}
