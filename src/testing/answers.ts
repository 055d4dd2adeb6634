import type { ServerResponse } from 'node:http';
import type { RegistryAnswer } from './types.js';

/** Makes an error answer in the form of the specification (distribution-spec v1.1.1, error codes). */
export function failure(
  status: number,
  code: string,
  message: string,
  headers: RegistryAnswer['headers'] = {},
): RegistryAnswer {
  return json(status, { errors: [{ code, message, detail: {} }] }, headers);
}

/** Makes an answer with a JSON body. */
export function json(status: number, value: unknown, headers: RegistryAnswer['headers'] = {}): RegistryAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** Makes the answer for a method an endpoint does not have. */
export function methodNotAllowed(allowed: readonly string[]): RegistryAnswer {
  return failure(405, 'UNSUPPORTED', 'the operation is unsupported', { allow: allowed.join(', ') });
}

/** Makes the answer of a router that has no such route: what distribution 2.8 says to anything it does not know. */
export function noSuchRoute(): RegistryAnswer {
  return {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: Buffer.from('404 page not found\n'),
  };
}

/** Sends an answer; HEAD gets the length of the body without the body. */
export function send(answer: RegistryAnswer, method: string, response: ServerResponse): void {
  response.statusCode = answer.status;
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  if (answer.status !== 204) response.setHeader('content-length', answer.body?.length ?? 0);
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  response.end(method === 'HEAD' ? undefined : answer.body);
}
