import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { InterceptedRequest, RegistryAnswer } from '@stellaops/oci-referrers/testing';

/** A request to spoil, and what it takes to spoil it. */
export interface FaultCall {
  readonly request: InterceptedRequest;
  /** What the registry would have answered. */
  readonly right: RegistryAnswer;
  /** For faults on the wire; who writes to it gives back {@link taken}. */
  readonly response: ServerResponse;
  /** Puts an answer on the second server and returns its URL. */
  readonly elsewhere: (answer: RegistryAnswer) => string;
}

/** What a fault is, as far as the expected outcome depends on it. */
export type FaultKind =
  | 'refusal'
  | 'unbroken'
  | 'reset'
  | 'silence'
  | 'full-pool'
  | 'elsewhere'
  | 'bad-redirect'
  | 'endless-redirect'
  | BodyFault;
/** An answer with status 200 that is not what was asked for. */
export type BodyFault =
  | 'page'
  | 'mislabelled'
  | 'oversize'
  | 'oversize-chunked'
  | 'unlabelled-gzip'
  | 'trailing'
  | 'cut'
  | 'drip';

export interface Fault {
  readonly name: string;
  readonly kind: FaultKind;
  /** Status and error code of a refusal, or of what is at the other origin. */
  readonly status?: number;
  readonly code?: string;
  /** True where the registry serves HTTPS. */
  readonly isTls?: true;
  readonly answer: (call: FaultCall) => RegistryAnswer | Promise<RegistryAnswer>;
}

/** More than any limit of the matrix. */
const oversizeBytes = 80 * 1024;
const html = '<!doctype html><title>Sign in</title><form action="/login"></form>';

export const faults: readonly Fault[] = [
  ...[400, 401, 403, 405, 406, 408, 410, 424, 429, 500, 501, 502, 503, 504].map((status) => refusal(status, 'UNKNOWN')),
  ...['NAME_UNKNOWN', 'MANIFEST_UNKNOWN', 'DENIED'].map((code) => refusal(404, code)),
  refused('404 text', 404, 'text/plain', '404 page not found\n'),
  refused('404 html', 404, 'text/html', html),
  { ...refusal(401, 'UNAUTHORIZED'), name: '401 with the challenge again', answer: challengeAgain },
  { name: 'reset before answer', kind: 'reset', answer: reset },
  { name: 'reset mid-body', kind: 'cut', answer: cut },
  { name: 'slow headers', kind: 'silence', answer: () => taken() },
  { name: 'wrong content type', kind: 'mislabelled', answer: ({ right }) => labelled(right, 'text/plain') },
  { name: 'login page', kind: 'page', answer: () => page(200, 'text/html', html) },
  { name: 'oversize with Content-Length', kind: 'oversize', answer: ({ right }) => padded(right, oversizeBytes) },
  {
    name: 'oversize without Content-Length',
    kind: 'oversize-chunked',
    answer: (call) => chunked({ ...call, right: padded(call.right, oversizeBytes) }),
  },
  { name: 'gzip with length', kind: 'unbroken', answer: ({ right }) => gzipped(right, true) },
  {
    name: 'gzip without length',
    kind: 'unbroken',
    answer: (call) => chunked({ ...call, right: gzipped(call.right, true) }),
  },
  { name: 'gzip without header', kind: 'unlabelled-gzip', answer: ({ right }) => gzipped(right, false) },
  { name: 'trailing bytes', kind: 'trailing', answer: ({ right }) => appended(right, ' {}') },
  { name: 'redirect same origin', kind: 'unbroken', answer: redirectOnce },
  elsewhere('404 text', () => page(404, 'text/plain', 'not here\n'), 404),
  elsewhere('login page', () => page(200, 'text/html', html), 200),
  elsewhere('500', () => page(500, 'text/plain', 'oh\n'), 500),
  { ...elsewhere('right answer', (right) => right, 200), code: 'RIGHT' },
  // The right answer is there: only that it would come over plain HTTP is wrong.
  { ...badRedirect('redirect downgrade', ({ right, elsewhere: put }) => put(right)), isTls: true },
  badRedirect('redirect other protocol', () => 'ftp://127.0.0.1/file'),
  badRedirect('redirect link-local', () => 'http://169.254.169.254/latest/meta-data'),
  badRedirect('redirect loop', ({ request }) => request.url),
  {
    name: 'redirect endless',
    kind: 'endless-redirect',
    answer: ({ request }) => redirect(withHop(request, Number(request.query.get('hop') ?? 0) + 1)),
  },
  { name: 'drip', kind: 'drip', answer: drip },
  // The connection is held by the client, so nothing of the step gets here.
  { name: 'full pool', kind: 'full-pool', answer: ({ right }) => right },
];

/** Says that the response was written to, or left alone, and that the registry must not answer any more. */
async function taken(): Promise<RegistryAnswer> {
  return await new Promise<RegistryAnswer>(() => undefined);
}

async function reset({ response }: FaultCall): Promise<RegistryAnswer> {
  response.socket?.destroy();
  return await taken();
}

function refusal(status: number, code: string): Fault {
  const body = JSON.stringify({ errors: [{ code, message: 'no' }] });
  const name = status === 404 ? `404 ${code}` : String(status);
  return { ...refused(name, status, 'application/json', body), code };
}

function refused(name: string, status: number, type: string, body: string): Fault {
  return { name, kind: 'refusal', status, answer: () => page(status, type, body) };
}

function page(status: number, type: string, body: string): RegistryAnswer {
  return { status, headers: { 'content-type': type }, body: Buffer.from(body) };
}

/** Olareg answers so to who may not do something: what was sent is refused, and asked for again. */
function challengeAgain({ request }: FaultCall): RegistryAnswer {
  const { host = '' } = request.headers;
  const challenge = `Bearer realm="http://${host}/token",service="${host}",scope="repository:team/app:pull"`;
  return { status: 401, headers: { 'www-authenticate': challenge } };
}

function elsewhere(what: string, answer: (right: RegistryAnswer) => RegistryAnswer, status: number): Fault {
  return {
    name: `redirect other origin: ${what}`,
    kind: 'elsewhere',
    status,
    answer: (call) => redirect(call.elsewhere(answer(call.right))),
  };
}

function badRedirect(name: string, location: (call: FaultCall) => string): Fault {
  return { name, kind: 'bad-redirect', answer: (call) => redirect(location(call)) };
}

function redirect(location: string): RegistryAnswer {
  return { status: 302, headers: { location }, body: Buffer.from('moved\n') };
}

function redirectOnce({ request, right }: FaultCall): RegistryAnswer {
  return request.query.has('hop') ? right : redirect(withHop(request, 1));
}

function withHop(request: InterceptedRequest, hop: number): string {
  const query = new URLSearchParams(request.query);
  query.set('hop', String(hop));
  return `${request.path}?${query.toString()}`;
}

function labelled(right: RegistryAnswer, type: string): RegistryAnswer {
  return { ...right, headers: { ...right.headers, 'content-type': type } };
}

function appended(right: RegistryAnswer, tail: string): RegistryAnswer {
  return { ...right, body: Buffer.concat([bodyOf(right), Buffer.from(tail)]) };
}

/** White space after JSON is allowed, so nothing but the size is wrong. */
function padded(right: RegistryAnswer, bytes: number): RegistryAnswer {
  return appended(right, ' '.repeat(bytes));
}

function gzipped(right: RegistryAnswer, saysSo: boolean): RegistryAnswer {
  const headers = saysSo ? { ...right.headers, 'content-encoding': 'gzip' } : right.headers;
  return { ...right, headers, body: gzipSync(bodyOf(right)) };
}

function bodyOf(answer: RegistryAnswer): Uint8Array {
  return answer.body ?? Buffer.alloc(0);
}

function writeHead({ right, response }: FaultCall, length: number | undefined): void {
  response.statusCode = right.status;
  for (const [name, value] of Object.entries(right.headers)) response.setHeader(name, value);
  if (length !== undefined) response.setHeader('content-length', length);
}

async function chunked(call: FaultCall): Promise<RegistryAnswer> {
  writeHead(call, undefined);
  call.response.flushHeaders();
  call.response.end(bodyOf(call.right));
  return await taken();
}

async function cut(call: FaultCall): Promise<RegistryAnswer> {
  const { right, response } = call;
  const body = bodyOf(right);
  writeHead(call, body.length);
  response.flushHeaders();
  response.write(body.subarray(0, body.length / 2));
  // What was written still goes out; HEAD has had all there is then.
  response.socket?.destroySoon();
  return await taken();
}

async function drip(call: FaultCall): Promise<RegistryAnswer> {
  const { right, response } = call;
  const body = bodyOf(right);
  writeHead(call, body.length);
  response.flushHeaders();
  if (call.request.method === 'HEAD') {
    response.end();
    return await taken();
  }
  let sent = 0;
  const timer = setInterval(() => response.write(body.subarray(sent, ++sent)), 20);
  response.once('close', () => {
    clearInterval(timer);
  });
  return await taken();
}
