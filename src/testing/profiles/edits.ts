import { json, text } from '../answers.js';
import type { Behaviour } from '../behaviour.js';
import type { InterceptedRequest, RegistryAnswer } from '../types.js';

/** Adds headers to an answer, and replaces those of the same name. */
export function withHeaders(answer: RegistryAnswer, headers: RegistryAnswer['headers']): RegistryAnswer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** Takes headers out of an answer. */
export function withoutHeaders(answer: RegistryAnswer, ...names: readonly string[]): RegistryAnswer {
  return {
    ...answer,
    headers: Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !names.includes(name))),
  };
}

/** Takes away the name of the registry's protocol that every plain answer carries. */
export const noVersionHeader: RegistryAnswer['headers'] = { 'docker-distribution-api-version': [] };

/** Makes a page of HTML. */
export function html(status: number, body: string, headers: RegistryAnswer['headers'] = {}): RegistryAnswer {
  return text(status, body, { 'content-type': 'text/html; charset=utf-8', ...headers });
}

/** Makes an error answer without the `detail` that plain ones carry, or with another. */
export function errorAnswer(
  status: number,
  error: { readonly code: string; readonly message: string; readonly detail?: unknown },
  headers: RegistryAnswer['headers'] = {},
): RegistryAnswer {
  return json(status, { errors: [error] }, headers);
}

export function isRead({ method }: InterceptedRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Answers the referrers endpoint before anybody looks at credentials. */
export function referrersAnswer(answer: (request: InterceptedRequest) => RegistryAnswer): Behaviour {
  return { unrouted: (request) => (request.endpoint === 'referrers' ? answer(request) : undefined) };
}

/** Answers everything in one way; the token service stays as it is. */
export function everyAnswer(answer: RegistryAnswer): Behaviour {
  return { unrouted: ({ endpoint }) => (endpoint === 'token' ? undefined : answer) };
}

/** Keeps quiet about the subject of a manifest that was pushed. */
export const noSubjectHeader: Behaviour = {
  change: (_request, answer) => withoutHeaders(answer, 'oci-subject'),
};

/** Adds headers to every answer. */
export function everyHeader(headers: RegistryAnswer['headers']): Behaviour {
  return { change: (_request, answer) => withHeaders(answer, headers) };
}

/** Puts JSON under another content type. */
export function jsonAs(type: string): Behaviour {
  return {
    change: (_request, answer) =>
      answer.headers['content-type'] === 'application/json' ? withHeaders(answer, { 'content-type': type }) : answer,
  };
}
