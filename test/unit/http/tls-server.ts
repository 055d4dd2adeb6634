import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import { authority } from './certificates.js';
import { listen } from './support.js';

/** A server that asks for a client certificate and takes any, or none. */
export interface TlsServer {
  readonly origin: string;
  /** Common name of the certificate each request came with; undefined for none. */
  readonly shown: (string | undefined)[];
}

/** Starts a server with TLS for the length of one test. */
export async function startTls(
  identity: { key: string; cert: string },
  handler: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end('ok'),
): Promise<TlsServer> {
  const shown: (string | undefined)[] = [];
  const options = { ...identity, ca: authority, requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, (request, response) => {
    const { socket } = request;
    const certificate: Partial<PeerCertificate> = socket instanceof TLSSocket ? socket.getPeerCertificate() : {};
    shown.push(certificate.subject?.CN?.toString());
    handler(request, response);
  });
  await listen(server);
  return { origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, shown };
}
