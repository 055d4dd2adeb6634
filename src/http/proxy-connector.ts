import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure, type SecureContext } from 'node:tls';
import type { buildConnector } from 'undici';
import { whileAllowed } from '../content/abort.js';
import { CallScope } from '../content/call-scope.js';
import type { ProxyServer } from './proxy.js';
import { proxyRefused, proxyTooSlow, proxyUnreachable } from './proxy-faults.js';

/** Options of {@link createProxyConnector}. */
export interface ProxyConnectorOptions {
  /** Milliseconds for all of it: the proxy, its tunnel, and TLS with whoever is behind it. */
  readonly connectMs: number;
  /** What a proxy with TLS is verified by; Node's own authorities when absent. */
  readonly secureContext?: SecureContext | undefined;
  /** Does TLS with the origin, inside the tunnel. */
  readonly secure: buildConnector.connector;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

type Target = buildConnector.Options;

/**
 * Creates a connector that goes through a proxy: by a tunnel to an origin with TLS; for one without, the connection ends at
 * the proxy, which is told with each request where to.
 *
 * @remarks The proxy resolves the name of the origin; of a tunnel it sees host and port, and nothing of what is in it.
 */
export function createProxyConnector(proxy: ProxyServer, options: ProxyConnectorOptions): buildConnector.connector {
  return (target, callback) => {
    connectThrough(proxy, target, options).then(
      (socket) => {
        callback(null, socket);
      },
      (error: unknown) => {
        callback(error as Error, null);
      },
    );
  };
}

async function connectThrough(proxy: ProxyServer, target: Target, options: ProxyConnectorOptions): Promise<Socket> {
  const { connectMs, secureContext, secure, signal } = options;
  const deadline = { afterMs: connectMs, error: () => proxyTooSlow(proxy, connectMs) };
  const scope = new CallScope([signal], deadline);
  // Whoever listens at the time hears of an error; between two of them nobody does, and that ends no process.
  const socket = dial(proxy, secureContext).on('error', () => undefined);
  try {
    await whileAllowed(reach(proxy, target, socket), scope.signal);
    if (target.protocol !== 'https:') return socket;
    return await whileAllowed(secureTunnel(target, socket, secure), scope.signal);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    scope.dispose();
  }
}

function dial({ url }: ProxyServer, secureContext: SecureContext | undefined): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'http:') return connectPlain({ host, port: Number(url.port || 80) });
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectSecure({ host, port: Number(url.port || 443), secureContext, ...name });
}

async function reach(proxy: ProxyServer, target: Target, socket: Socket): Promise<void> {
  try {
    await once(socket, proxy.url.protocol === 'https:' ? 'secureConnect' : 'connect');
    if (target.protocol === 'https:') await openTunnel(proxy, target, socket);
  } catch (error) {
    throw proxyUnreachable(proxy, error);
  }
}

async function openTunnel({ url, authorization }: ProxyServer, target: Target, socket: Socket): Promise<void> {
  const { hostname, port } = target;
  const path = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port || '443'}`;
  const request = httpRequest({
    method: 'CONNECT',
    path,
    headers: { host: path, ...(authorization !== undefined && { 'proxy-authorization': authorization }) },
    createConnection: () => socket,
  });
  request.end();
  const [{ statusCode = 0 }] = (await once(request, 'connect')) as [IncomingMessage];
  if (statusCode < 200 || statusCode > 299) throw proxyRefused({ url, authorization }, path, statusCode);
}

async function secureTunnel(target: Target, socket: Socket, secure: buildConnector.connector): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    secure({ ...target, httpSocket: socket }, (error, secured) => {
      if (error === null) resolve(secured);
      else reject(error);
    });
  });
}
