import type { ServerResponse } from 'node:http';
import type { InterceptedRequest, RegistryAnswer } from './types.js';

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
  return text(status, JSON.stringify(value), { 'content-type': 'application/json', ...headers });
}

/** Makes an answer whose body is a text as it is; it has no type unless the headers say one. */
export function text(status: number, body: string, headers: RegistryAnswer['headers'] = {}): RegistryAnswer {
  return { status, headers, body: Buffer.from(body) };
}

/** Makes the answer for a method an endpoint does not have. */
export function methodNotAllowed(allowed: readonly string[]): RegistryAnswer {
  return failure(405, 'UNSUPPORTED', 'the operation is unsupported', { allow: allowed.join(', ') });
}

/** Makes the answer of a router that has no such route: what distribution 2.8 says to anything it does not know. */
export function noSuchRoute(): RegistryAnswer {
  return text(404, '404 page not found\n', {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
  });
}

/** Sends an answer; HEAD gets the length of the body without the body. */
export function send(answer: RegistryAnswer, { method }: InterceptedRequest, response: ServerResponse): void {
  const { body, cutAfterBytes } = answer;
  if (cutAfterBytes === 0) {
    response.destroy();
    return;
  }
  response.statusCode = answer.status;
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  if (answer.status !== 204) response.setHeader('content-length', body?.length ?? 0);
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  if (cutAfterBytes === undefined || method === 'HEAD') {
    response.end(method === 'HEAD' ? undefined : body);
    return;
  }
  response.write(body?.subarray(0, cutAfterBytes) ?? '', () => response.destroy());
}
