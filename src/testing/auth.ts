import { randomBytes } from 'node:crypto';
import { failure, json, methodNotAllowed } from './answers.js';
import type { InterceptedRequest, RegistryAnswer, TestRegistryAuth } from './types.js';

/** Actions on one repository, as a token scope names them. */
interface Scope {
  readonly repository: string;
  readonly actions: readonly string[];
}

interface Token {
  readonly expiresAtMs: number;
  readonly scopes: readonly Scope[];
}

/** Decides who may do what, and issues the tokens that say so. */
export class AccessGate {
  readonly #auth: TestRegistryAuth;
  readonly #origin: string;
  readonly #service: string;
  readonly #tokens = new Map<string, Token>();

  constructor(auth: TestRegistryAuth, origin: string) {
    this.#auth = auth;
    this.#origin = origin;
    this.#service = new URL(origin).host;
  }

  /** Checks a request; gives back an answer only where it may not go on. */
  check(request: InterceptedRequest): RegistryAnswer | undefined {
    const needed = neededScopes(request);
    const header = request.headers['authorization'];
    return this.#auth.type === 'basic' ? this.#checkBasic(header, needed) : this.#checkBearer(header, needed);
  }

  /** Answers a request for a token: what is asked for is granted to the user, pull alone to everybody else. */
  issue(request: InterceptedRequest): RegistryAnswer {
    if (request.method !== 'GET') return methodNotAllowed(['GET']);
    const header = request.headers['authorization'];
    if (header === undefined ? this.#auth.anonymousPull !== true : !this.#isUser(header)) {
      return failure(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="token"' });
    }
    if (request.query.get('service') !== this.#service) return failure(400, 'UNSUPPORTED', 'unknown service');
    const asked = request.query.getAll('scope').flatMap((text) => text.split(' ').flatMap(parseScope));
    const scopes = header === undefined ? asked.map(pullOnly) : asked;
    const ttlSeconds = this.#auth.tokenTtlSeconds ?? 300;
    const token = randomBytes(24).toString('base64url');
    this.#tokens.set(token, { scopes, expiresAtMs: Date.now() + ttlSeconds * 1000 });
    return json(200, { token, access_token: token, expires_in: ttlSeconds, issued_at: new Date().toISOString() });
  }

  expireTokens(): void {
    this.#tokens.clear();
  }

  #checkBasic(header: string | undefined, needed: readonly Scope[]): RegistryAnswer | undefined {
    const mayPull = this.#auth.anonymousPull === true && needed.every((scope) => scope.actions.join() === 'pull');
    if (header === undefined ? mayPull : this.#isUser(header)) return undefined;
    return unauthorized('Basic realm="test registry"');
  }

  #checkBearer(header: string | undefined, needed: readonly Scope[]): RegistryAnswer | undefined {
    const scope = needed.map(({ repository, actions }) => `repository:${repository}:${actions.join(',')}`).join(' ');
    const challenge = [
      `Bearer realm="${this.#origin}/token"`,
      `service="${this.#service}"`,
      ...(scope === '' ? [] : [`scope="${scope}"`]),
    ].join(',');
    if (header === undefined) return unauthorized(challenge);
    const token = this.#tokens.get(/^bearer (.+)$/i.exec(header)?.[1] ?? '');
    if (token === undefined || token.expiresAtMs <= Date.now())
      return unauthorized(`${challenge},error="invalid_token"`);
    if (needed.every((one) => covers(token, one))) return undefined;
    return unauthorized(`${challenge},error="insufficient_scope"`);
  }

  #isUser(header: string): boolean {
    const encoded = /^basic (.+)$/i.exec(header)?.[1] ?? '';
    return Buffer.from(encoded, 'base64').toString() === `${this.#auth.username}:${this.#auth.password}`;
  }
}

function unauthorized(challenge: string): RegistryAnswer {
  return failure(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge });
}

/** What a request needs; the base endpoint needs a valid credential and nothing more. */
function neededScopes({ method, endpoint, repository, query }: InterceptedRequest): readonly Scope[] {
  if (repository === undefined) return [];
  const own: Scope = { repository, actions: neededActions(method, endpoint) };
  const from = query.get('from');
  if (method !== 'POST' || !query.has('mount') || from === null || from === repository) return [own];
  return [own, { repository: from, actions: ['pull'] }];
}

function neededActions(method: string, endpoint: InterceptedRequest['endpoint']): readonly string[] {
  if (endpoint === 'upload') return ['pull', 'push'];
  if (method === 'GET' || method === 'HEAD') return ['pull'];
  return method === 'DELETE' ? ['delete'] : ['pull', 'push'];
}

function covers(token: Token, needed: Scope): boolean {
  const granted = token.scopes.filter((scope) => scope.repository === needed.repository);
  const actions = new Set(granted.flatMap((scope) => scope.actions));
  return actions.has('*') || needed.actions.every((action) => actions.has(action));
}

function pullOnly({ repository, actions }: Scope): Scope {
  return { repository, actions: actions.filter((action) => action === 'pull') };
}

/** Reads `repository:name:pull,push`; other kinds of resource are granted nothing. */
export function parseScope(text: string): readonly Scope[] {
  const match = /^repository:(.+):([a-z*,]+)$/.exec(text);
  const [, repository, actions] = match ?? [];
  return repository === undefined || actions === undefined ? [] : [{ repository, actions: actions.split(',') }];
}
