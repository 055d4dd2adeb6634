import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import type { RegistryAnswer } from '@stellaops/oci-referrers/testing';

/** Answers one request that nobody parked an answer for. */
export type StrangerHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that is none of the registry's business, and writes down every byte it is sent. */
export interface Stranger extends AsyncDisposable {
  readonly host: string;
  readonly origin: string;
  /** All requests as they came over the wire: request lines, headers, bodies. */
  received(): string;
  /** `METHOD path` of each request. */
  readonly requests: readonly string[];
  /** Common name of the client certificate of each request. */
  readonly certificates: readonly (string | undefined)[];
  /** Keeps an answer, and gives the URL under which it is served. */
  park(answer: RegistryAnswer, query?: string): string;
}

interface StrangerOptions {
  readonly handle?: StrangerHandler | undefined;
  /** Key and certificate for TLS; every client is asked for its certificate. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
}

const notFound: StrangerHandler = (_, response) => {
  response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here');
};

/** Starts a stranger on loopback; the caller disposes it. */
export async function startStranger({ handle = notFound, tls }: StrangerOptions = {}): Promise<Stranger> {
  const chunks: Buffer[] = [];
  const requests: string[] = [];
  const certificates: (string | undefined)[] = [];
  const parked = new Map<string, RegistryAnswer>();
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const { socket } = request;
    const shown: Partial<PeerCertificate> = socket instanceof TLSSocket ? socket.getPeerCertificate() : {};
    certificates.push(shown.subject?.CN?.toString());
    const answer = parked.get(new URL(request.url ?? '/', 'http://x').pathname);
    request.resume().on('end', () => {
      if (answer === undefined) {
        handle(request, response);
        return;
      }
      for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
      response.writeHead(answer.status).end(request.method === 'HEAD' ? undefined : answer.body);
    });
  };
  const server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, listener);
  // A listener for data makes Node hand the bytes over before it parses them.
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const origin = `${tls === undefined ? 'http' : 'https'}://${host}`;
  return {
    host,
    origin,
    requests,
    certificates,
    received: () => Buffer.concat(chunks).toString(),
    park(answer, query = ''): string {
      const path = `/parked/${parked.size}`;
      parked.set(path, answer);
      return `${origin}${path}${query}`;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
