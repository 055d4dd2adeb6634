import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { isRepositoryName } from '../oci/reference.js';
import { failure, json, methodNotAllowed, noSuchRoute, send } from './answers.js';
import { AccessGate } from './auth.js';
import { handleBlob } from './blobs.js';
import type { Context, Incoming } from './context.js';
import { handleManifest } from './manifests.js';
import { handleReferrers } from './referrers.js';
import { RegistryStore } from './registry-store.js';
import { readRequest } from './route.js';
import { handleTags } from './tags.js';
import type {
  InterceptedRequest,
  RecordedRequest,
  RegistryAnswer,
  RequestFacts,
  TestRegistry,
  TestRegistryOptions,
} from './types.js';
import { UploadSessions } from './upload-sessions.js';
import { handleUpload } from './uploads.js';

/**
 * Starts an OCI registry that keeps everything in memory, on a free port of 127.0.0.1.
 *
 * @remarks It serves distribution-spec v1.1.1 as a real registry does and records every request. It is made for tests:
 * everything that is pushed stays in memory, blobs up to 1 GiB and manifests up to 4 MiB each.
 * @param options - how it differs from a plain registry
 * @returns the running registry; the caller closes it
 * @example
 * ```ts
 * import { buildImage, startRegistry } from '@stellaops/oci-referrers/testing';
 *
 * await using registry = await startRegistry({ referrersApi: false });
 * registry.store.add('team/app', buildImage(), { tag: '1.0' });
 * const answer = await fetch(`${registry.origin}/v2/team/app/manifests/1.0`);
 * console.log(answer.status, registry.requests.length);
 * ```
 */
export async function startRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const origin = `${options.tls === undefined ? 'http' : 'https'}://${host}`;
  const gate = options.auth === undefined ? undefined : new AccessGate(options.auth, origin);
  const store = new RegistryStore();
  const uploads = new UploadSessions();
  const requests: RecordedRequest[] = [];

  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    const request = readRequest(message);
    const settle = record(requests, request, response);
    serve({ request, store, uploads, options }, gate, response)
      .catch((error: unknown) => {
        abandon(error, request, response);
      })
      .finally(settle);
  });
  const close = closeOnce(server);
  return {
    host,
    origin,
    requests,
    store,
    clearRequests: () => {
      requests.length = 0;
    },
    expireTokens: () => gate?.expireTokens(),
    close,
    [Symbol.asyncDispose]: close,
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
function abandon(error: unknown, { method }: InterceptedRequest, response: ServerResponse): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else send(failure(500, 'UNKNOWN', `the test registry failed: ${String(error)}`), method, response);
}

async function serve(incoming: Incoming, gate: AccessGate | undefined, response: ServerResponse): Promise<void> {
  const { request, store } = incoming;
  const { intercept, rewrite } = incoming.options;
  if (intercept !== undefined && (await intercept(request, response, store))) return;
  const own = await answer(incoming, gate);
  send(rewrite === undefined ? own : await rewrite(request, own, store), request.method, response);
}

async function answer(incoming: Incoming, gate: AccessGate | undefined): Promise<RegistryAnswer> {
  const { request, options } = incoming;
  // A router answers what it has no route for before anybody looks at credentials.
  if (request.endpoint === 'other' || (request.endpoint === 'referrers' && options.referrersApi === false)) {
    return noSuchRoute();
  }
  if (request.endpoint === 'token')
    return options.auth?.type === 'bearer' && gate ? gate.issue(request) : noSuchRoute();
  return gate?.check(request) ?? (await handle(incoming));
}

async function handle(incoming: Incoming): Promise<RegistryAnswer> {
  const { repository, reference = '', endpoint, method } = incoming.request;
  if (repository === undefined) {
    return method === 'GET' || method === 'HEAD' ? json(200, {}) : methodNotAllowed(['GET', 'HEAD']);
  }
  if (!isRepositoryName(repository)) return failure(400, 'NAME_INVALID', 'invalid repository name');
  const context: Context = { ...incoming, repository, reference };
  switch (endpoint) {
    case 'blob':
      return handleBlob(context);
    case 'upload':
      return await handleUpload(context);
    case 'manifest':
      return await handleManifest(context);
    case 'referrers':
      return handleReferrers(context);
    case 'tags':
      return handleTags(context);
    case 'base':
    case 'token':
    case 'other':
      return noSuchRoute();
  }
}
