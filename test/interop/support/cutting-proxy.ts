import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy on loopback that cuts connections in the middle. */
export interface CuttingProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Connections it has cut so far. */
  readonly cuts: number;
  /** First lines and headers of the requests that went through, one text each. */
  readonly requests: readonly string[];
}

/** Where and how often to cut. */
export interface Cutting {
  /** `up`: what the client sends is cut short; `down`: what the server sends. */
  readonly direction: 'up' | 'down';
  /** Bytes of a connection that are let through in that direction. */
  readonly afterBytes: number;
  /** Connections to cut; those after them live. */
  readonly times: number;
}

/** Starts a proxy in front of a server; the client speaks to it as if it were that server. */
export async function startCuttingProxy(target: string, cutting: Cutting): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  let cuts = 0;
  const server = createServer((client) => {
    const [host, port] = target.split(':');
    const upstream = connect(Number(port), host);
    const pair = [client, upstream] as const;
    const end = (): void => {
      for (const socket of pair) socket.destroy();
    };
    let passed = 0;
    for (const [direction, from, to] of [
      ['up', client, upstream],
      ['down', upstream, client],
    ] as const) {
      sockets.add(from);
      // A connection that breaks is what this is for.
      from.on('error', end);
      from.once('close', () => {
        sockets.delete(from);
        to.end();
      });
      to.on('drain', () => from.resume());
      from.on('data', (chunk: Buffer) => {
        // What was read already is still handed over after the cut.
        if (from.destroyed) return;
        if (direction === 'up' && /^(?:GET|HEAD|PUT|POST|PATCH|DELETE) /.test(chunk.toString('latin1', 0, 8))) {
          requests.push(chunk.toString('latin1').split('\r\n\r\n', 1)[0] ?? '');
        }
        if (direction === cutting.direction) passed += chunk.length;
        if (passed > cutting.afterBytes && cuts < cutting.times) {
          cuts += 1;
          // What came through before still arrives; then there is nothing more.
          from.destroy();
        } else if (!to.write(chunk)) from.pause();
      });
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    host: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests,
    get cuts() {
      return cuts;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}
