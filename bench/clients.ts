import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Took } from './figures.js';
import { programPath } from './go-programs.js';
import type { StaticServer } from './static-server.js';

const run = promisify(execFile);
const ours = fileURLToPath(new URL('./client/ours.js', import.meta.url));
/** A client that hangs ends the benchmark, and not the day. */
const mostMs = 5 * 60_000;

/** The libraries this one is compared with. */
export const peerNames = ['containerd', 'oras-go', 'regclient', 'go-containerregistry'] as const;

/** A library, ours or a peer. */
export type ClientName = 'ours' | (typeof peerNames)[number];

/** Every library, ours first. */
export const clientNames: readonly ClientName[] = ['ours', ...peerNames];

/** What a client is told to do. */
export interface ClientWork {
  readonly work: 'list' | 'pages' | 'closure';
  readonly subjects?: number | undefined;
  readonly concurrency?: number | undefined;
  /** Whether the subject was fetched and listed before the clock starts, so that connections and tokens are there. */
  readonly isWarm?: boolean | undefined;
}

/** What a client did. */
export interface ClientTook extends Took {
  /** Referrers, or manifests and blobs. */
  readonly found: number;
}

/** Lets a client work, in a process of its own, with the clock in that process. */
export async function runClient(client: ClientName, server: StaticServer, work: ClientWork): Promise<ClientTook> {
  const isOurs = client === 'ours';
  const flag = isOurs ? '--' : '-';
  const args = {
    ...(isOurs ? {} : { with: client }),
    work: work.work,
    host: server.host,
    subjects: String(work.subjects ?? 1),
    concurrency: String(work.concurrency ?? 1),
    subject: JSON.stringify(server.subject),
    ...(server.ca === undefined ? {} : { ca: server.ca }),
  };
  const words = Object.entries(args).map(([name, value]) => `${flag}${name}=${value}`);
  if (work.isWarm === true) words.push(`${flag}warm`);
  if (server.options.protocol === 'h2' && !isOurs) words.push(`${flag}http2`);
  const [program, given] = isOurs ? [process.execPath, [ours, ...words]] : [programPath('client'), words];
  const { stdout } = await run(program, given, { timeout: mostMs });
  return JSON.parse(stdout) as ClientTook;
}
