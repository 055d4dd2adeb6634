import type { IncomingMessage } from 'node:http';
import type { EndpointKind, InterceptedRequest } from './types.js';

/** What a path says. */
interface Route {
  readonly endpoint: EndpointKind;
  readonly repository?: string | undefined;
  readonly reference?: string | undefined;
}

// Names may contain every one of these words, so each pattern is tied to the end of the path.
const patterns: readonly (readonly [EndpointKind, RegExp])[] = [
  ['base', /^\/v2\/?$/],
  ['tags', /^\/v2\/(.+)\/tags\/list$/],
  ['upload', /^\/v2\/(.+)\/blobs\/uploads\/?$/],
  ['upload', /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/],
  ['blob', /^\/v2\/(.+)\/blobs\/([^/]+)$/],
  ['manifest', /^\/v2\/(.+)\/manifests\/([^/]+)$/],
  ['referrers', /^\/v2\/(.+)\/referrers\/([^/]+)$/],
];

/** Reads what a request is for from its line and headers. */
export function readRequest(message: IncomingMessage, tokenPath: string): InterceptedRequest {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const { endpoint, repository, reference } = routeOf(path, tokenPath);
  return {
    method: message.method ?? 'GET',
    url,
    path,
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers: joinHeaders(message),
    endpoint,
    repository,
    reference,
    message,
  };
}

/** Finds the endpoint a path belongs to, and takes the path apart. */
export function routeOf(path: string, tokenPath: string = '/token'): Route {
  const decoded = decode(path);
  if (decoded === tokenPath) return { endpoint: 'token' };
  for (const [endpoint, pattern] of patterns) {
    const match = decoded === undefined ? null : pattern.exec(decoded);
    if (match !== null) return { endpoint, repository: match[1], reference: match[2] };
  }
  return { endpoint: 'other' };
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function joinHeaders(message: IncomingMessage): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (values !== undefined) headers[name] = values.join(', ');
  }
  return headers;
}
