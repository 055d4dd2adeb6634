import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { failure, send } from './answers.js';
import { readRequest } from './route.js';
import type { InterceptedRequest, RecordedRequest, RequestFacts, TestOrigin, TestRegistryOptions } from './types.js';

/** Answers one request, or cuts its connection. */
export type Answerer = (request: InterceptedRequest, response: ServerResponse) => Promise<void>;

/** An address that listens, and whose requests wait for an answerer. */
export interface ListeningOrigin extends TestOrigin {
  /** Starts to answer; until then every connection is kept waiting. */
  serve(answer: Answerer, tokenPath: string): void;
  clearRequests(): void;
  /** Stops listening and ends every connection, also those in the middle of an answer. */
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and records every request. */
export async function listen(tls: TestRegistryOptions['tls']): Promise<ListeningOrigin> {
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const requests: RecordedRequest[] = [];
  return {
    host,
    origin: `${tls === undefined ? 'http' : 'https'}://${host}`,
    requests,
    serve(answer, tokenPath) {
      server.on('request', (message: IncomingMessage, response: ServerResponse) => {
        const request = readRequest(message, tokenPath);
        const settle = record(requests, request, response);
        answer(request, response)
          .catch((error: unknown) => {
            abandon(error, request, response);
          })
          .finally(settle);
      });
    },
    clearRequests: () => {
      requests.length = 0;
    },
    close: closeOnce(server),
  };
}

/** Sockets are kept here, as `closeAllConnections` forgets those that are in the middle of a TLS handshake. */
function closeOnce(server: Server): () => Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  let closed: Promise<void> | undefined;
  return async () => {
    closed ??= new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      for (const socket of sockets) socket.destroy();
    });
    await closed;
  };
}

/** Writes a request down as it arrives; what it gives back notes the status once that is known. */
function record(requests: RecordedRequest[], request: InterceptedRequest, response: ServerResponse): () => void {
  const { method, url, path, query, headers, endpoint, repository, reference } = request;
  const facts: RequestFacts = { method, url, path, query, headers, endpoint, repository, reference };
  const entry = { ...facts, status: undefined as number | undefined };
  requests.push(entry);
  const settle = (): void => {
    if (response.headersSent) entry.status = response.statusCode;
  };
  response.once('close', settle);
  return settle;
}

/** A fault in a test's own hook, or a client that went away: neither may take the process down. */
function abandon(error: unknown, request: InterceptedRequest, response: ServerResponse): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else send(failure(500, 'UNKNOWN', `the test registry failed: ${String(error)}`), request, response);
}
