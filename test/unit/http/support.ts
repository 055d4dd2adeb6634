import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { defaultLimits, type Limits } from '../../../src/content/limits.js';
import { createHttpClient, type HttpClientOptions } from '../../../src/http/http-client.js';
import { defaultTimeouts } from '../../../src/http/timeouts.js';
import type { HttpClient, RegistryRequest, RetryPolicy, Timeouts } from '../../../src/http/types.js';

/** A request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server on loopback that records what it is asked. */
export interface TestServer {
  readonly origin: string;
  readonly host: string;
  readonly seen: SeenRequest[];
  readonly server: Server;
}

export type Handler = (request: SeenRequest, response: ServerResponse, count: number) => void;

/** Starts a server for the length of one test. */
export async function startServer(handler: Handler): Promise<TestServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const record = { method, path, headers, body: Buffer.concat(chunks).toString() };
      seen.push(record);
      handler(record, response, seen.length);
    });
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return { origin: `http://${host}`, host, seen, server };
}

/** Lets a server listen on loopback until the test is over. */
export async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}

export const quickRetry: RetryPolicy = { maxRetries: 3, baseDelayMs: 2, maxDelayMs: 10, maxRetryAfterMs: 2_000 };
export const noRetry: RetryPolicy = { ...quickRetry, maxRetries: 0 };
export const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Options with short defaults, as a test overrides them. */
export interface ClientSetup extends Partial<Omit<HttpClientOptions, 'timeouts' | 'limits'>> {
  readonly timeouts?: Partial<Timeouts>;
  readonly limits?: Partial<Limits>;
}

/** Creates a client for the length of one test. */
export function clientFor(origin: string, setup: ClientSetup = {}): HttpClient {
  const client = createHttpClient({
    origin,
    headers: {},
    retry: noRetry,
    logger: silent,
    ...setup,
    timeouts: { ...defaultTimeouts, ...setup.timeouts },
    limits: { ...defaultLimits, ...setup.limits },
  });
  onTestFinished(async () => {
    await client.close();
  });
  return client;
}

export const bound = { limitName: 'maxManifestBytes', limit: 64 * 1024 };

/** A metadata request of a path. */
export function get(origin: string, path: string, extra: Partial<RegistryRequest> = {}): RegistryRequest {
  return { method: 'GET', url: new URL(path, origin), scopes: [], kind: 'metadata', ...extra };
}
