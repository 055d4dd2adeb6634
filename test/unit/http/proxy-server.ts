import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { listen, type SeenRequest } from './support.js';

/** What a proxy does in a test. */
export interface ProxySetup {
  /** Ports of this machine by the `host:port` they stand for; nobody but the proxy knows these names. */
  readonly routes: Readonly<Record<string, number>>;
  /** The `Proxy-Authorization` it wants. */
  readonly login?: string;
  /** Status it answers every request with; `silent` never answers, `closes` hangs up, `garbage` speaks no HTTP. */
  readonly instead?: number | 'silent' | 'closes' | 'garbage';
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A proxy on loopback, which records what it is asked and every byte it sees. */
export interface TestProxy {
  readonly url: string;
  readonly host: string;
  readonly seen: Pick<SeenRequest, 'method' | 'path' | 'headers'>[];
  /** All bytes from the client, those in tunnels included. */
  readonly heard: () => string;
  /** Connections that are open now. */
  readonly connections: () => number;
}

/** Starts a proxy for the length of one test: tunnels for CONNECT, forwarding for everything else. */
export async function startProxy(setup: ProxySetup): Promise<TestProxy> {
  const seen: TestProxy['seen'] = [];
  const heard: Buffer[] = [];
  const open = new Set<Duplex>();
  const server = setup.tls === undefined ? createServer() : createTlsServer(setup.tls);
  server.on(setup.tls === undefined ? 'connection' : 'secureConnection', (socket: Duplex) => {
    open.add(socket);
    socket.on('error', () => undefined).once('close', () => open.delete(socket));
    // An HTTP server leaves its half open.
    socket.once('end', () => socket.end());
    socket.prependListener('data', (chunk: Buffer) => heard.push(chunk));
  });
  const note = ({ method = '', url: path = '', headers }: IncomingMessage): number | undefined => {
    seen.push({ method, path, headers });
    if (setup.login !== undefined && headers['proxy-authorization'] !== setup.login) return 407;
    if (typeof setup.instead === 'number') return setup.instead;
    return routeTo(setup, path) === undefined ? 502 : undefined;
  };
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    const status = note(request);
    if (typeof setup.instead === 'string') sayInstead(setup.instead, socket);
    else if (status !== undefined) socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 3\r\n\r\nno\n`);
    else tunnel(socket, routeTo(setup, request.url));
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const status = note(request);
    if (status === undefined) forward(request, response, routeTo(setup, request.url));
    else response.writeHead(status).end();
  });
  await listen(server);
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${setup.tls === undefined ? 'http' : 'https'}://${host}`,
    host,
    seen,
    heard: () => Buffer.concat(heard).toString('latin1'),
    connections: () => open.size,
  };
}

function routeTo({ routes }: ProxySetup, target = ''): number | undefined {
  if (!target.includes('://')) return routes[target];
  const { hostname, port } = new URL(target);
  return routes[`${hostname}:${port === '' ? '80' : port}`];
}

function sayInstead(what: 'silent' | 'closes' | 'garbage', socket: Duplex): void {
  if (what === 'closes') socket.destroy();
  if (what === 'garbage') socket.end('220 mail.example ESMTP\r\n');
}

function tunnel(socket: Duplex, port = 0): void {
  const onward = connect(port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    // The HTTP server, TLS and the pipeline listen for its end, which together is more than Node thinks normal.
    socket.setMaxListeners(20);
    pipeline(socket, onward, socket, () => undefined);
  });
  onward.on('error', () => socket.destroy());
}

const perHop = new Set(['connection', 'proxy-authorization']);

/** Hands on what is not about this connection alone. */
function forward(request: IncomingMessage, response: ServerResponse, port = 0): void {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !perHop.has(name)));
  const { pathname, search } = new URL(request.url ?? '');
  const { method } = request;
  const onward = httpRequest({ host: '127.0.0.1', port, method, path: `${pathname}${search}`, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response, () => undefined);
  });
  pipeline(request, onward, () => undefined);
}
