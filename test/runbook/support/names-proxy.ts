import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';

/** A proxy by which public names lead to ports of this machine; whatever it has no route for, it does not reach. */
export interface NamesProxy {
  /** `http://127.0.0.1:PORT`, as HTTPS_PROXY has it. */
  readonly url: string;
  /** Ports by `host:port`; changes count from the next connection on. */
  readonly routes: Map<string, number>;
  close(): Promise<void>;
}

/** Starts it. It opens tunnels and nothing else, so that curl, Node and Go clients speak TLS with the names they asked for. */
export async function startNamesProxy(): Promise<NamesProxy> {
  const routes = new Map<string, number>();
  const open = new Set<Duplex>();
  const server = createServer((_request, response) => response.writeHead(502).end('this proxy opens tunnels only\n'));
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    open.add(socket);
    socket.on('error', () => undefined).once('close', () => open.delete(socket));
    const port = routes.get(request.url ?? '');
    if (port === undefined) socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    else tunnel(socket, port);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    routes,
    async close() {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function tunnel(socket: Duplex, port: number): void {
  const onward = connect(port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.setMaxListeners(20);
    pipeline(socket, onward, socket, () => undefined);
  });
  onward.on('error', () => socket.destroy());
}
