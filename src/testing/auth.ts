import { randomBytes } from 'node:crypto';
import { covers, formatScopes, neededScopes, parseScope, pullOnly, type Scope } from './auth-scopes.js';
import {
  type AuthStyle,
  type Refusal,
  refusePlainly,
  refuseTokenMethod,
  refuseTokenPlainly,
  type TokenRefusal,
  tokenAnswer,
} from './auth-style.js';
import { readBody } from './body.js';
import type { InterceptedRequest, RegistryAnswer, TestRegistryAuth } from './types.js';

interface Token {
  readonly expiresAtMs: number;
  readonly scopes: readonly Scope[];
}

/** What a message to a token service asks for. */
interface Asked {
  readonly scopes: readonly string[];
  readonly isUser: boolean;
}

const maxFormBytes = 64 * 1024;

/** Decides who may do what, and issues the tokens that say so. */
export class AccessGate {
  readonly #auth: TestRegistryAuth;
  readonly #style: AuthStyle;
  readonly #realm: string;
  readonly #service: string;
  readonly #tokens = new Map<string, Token>();

  /**
   * @param realmOrigin - where the token service listens
   * @param host - host of the registry, which names the service where the style does not
   */
  constructor(auth: TestRegistryAuth, style: AuthStyle, realmOrigin: string, host: string) {
    this.#auth = auth;
    this.#style = style;
    this.#realm = `${realmOrigin}${tokenPathOf(style)}`;
    this.#service = style.service ?? host;
  }

  /** Checks a request; gives back an answer only where it may not go on. */
  check(request: InterceptedRequest): RegistryAnswer | undefined {
    const needed = neededScopes(request, this.#style.deleteActions ?? ['delete']);
    const header = request.headers['authorization'];
    const reason = this.#style.type === 'basic' ? this.#judgeBasic(header, needed) : this.#judgeBearer(header, needed);
    if (reason === undefined) return undefined;
    const scope = needed.length === 0 ? '' : (this.#style.opaqueScope ?? formatScopes(needed));
    const refusal: Refusal = { request, reason, realm: this.#realm, service: this.#service, scope };
    return this.#style.refuse?.(refusal) ?? refusePlainly(this.#style.type, refusal);
  }

  /** Answers a request for a token: what is asked for is granted to the user, pull alone to everybody else. */
  async issue(request: InterceptedRequest): Promise<RegistryAnswer> {
    const { post } = this.#style;
    if (request.method === 'POST' && post === 'refresh') return await this.#issueForRefresh(request);
    if (request.method === 'POST' && typeof post === 'object') return post;
    if (request.method !== 'GET') return refuseTokenMethod();
    const header = request.headers['authorization'];
    const scopes = request.query.getAll('scope').flatMap((text) => text.split(' '));
    const isUser = header !== undefined && this.#isUser(header);
    if (!isUser && (header !== undefined || this.#auth.anonymousPull !== true)) {
      return this.#refuseToken({ reason: header === undefined ? 'anonymous' : 'credentials', scopes });
    }
    const service = request.query.get('service');
    const isMeant = service === null ? this.#style.mayOmitService === true : service === this.#service;
    if (!isMeant) return this.#refuseToken({ reason: 'service', scopes });
    return this.#grant({ scopes, isUser });
  }

  expireTokens(): void {
    this.#tokens.clear();
  }

  async #issueForRefresh(request: InterceptedRequest): Promise<RegistryAnswer> {
    const form = new URLSearchParams((await readBody(request.message, maxFormBytes))?.toString());
    const scopes = form.getAll('scope').flatMap((text) => text.split(' '));
    const given = form.get('refresh_token');
    const isUser = given !== null && given === this.#auth.refreshToken && form.get('grant_type') === 'refresh_token';
    return isUser ? this.#grant({ scopes, isUser }) : this.#refuseToken({ reason: 'credentials', scopes });
  }

  #grant({ scopes, isUser }: Asked): RegistryAnswer {
    const { opaqueScope } = this.#style;
    const asked = scopes.flatMap((text) => (text === opaqueScope ? [everything] : parseScope(text)));
    const ttlSeconds = this.#auth.tokenTtlSeconds ?? 300;
    const token = randomBytes(24).toString('base64url');
    const granted = isUser ? asked : asked.map(pullOnly);
    this.#tokens.set(token, { scopes: granted, expiresAtMs: Date.now() + ttlSeconds * 1000 });
    return tokenAnswer(this.#style, { token, ttlSeconds });
  }

  #refuseToken(refusal: TokenRefusal): RegistryAnswer {
    return (this.#style.refuseToken ?? refuseTokenPlainly)(refusal);
  }

  #judgeBasic(header: string | undefined, needed: readonly Scope[]): Refusal['reason'] | undefined {
    const mayPull = this.#auth.anonymousPull === true && needed.every((scope) => scope.actions.join() === 'pull');
    if (header === undefined) return mayPull ? undefined : 'missing';
    return this.#isUser(header) ? undefined : 'invalid';
  }

  #judgeBearer(header: string | undefined, needed: readonly Scope[]): Refusal['reason'] | undefined {
    if (header === undefined) return 'missing';
    const token = this.#tokens.get(/^bearer (.+)$/i.exec(header)?.[1] ?? '');
    if (token === undefined || token.expiresAtMs <= Date.now()) return 'invalid';
    return needed.every((one) => covers(token.scopes, one)) ? undefined : 'insufficient';
  }

  #isUser(header: string): boolean {
    const encoded = /^basic (.+)$/i.exec(header)?.[1] ?? '';
    return Buffer.from(encoded, 'base64').toString() === `${this.#auth.username}:${this.#auth.password}`;
  }
}

const everything: Scope = { repository: '*', actions: ['*'] };

/** Where the token service of a style listens. */
export function tokenPathOf(style: AuthStyle): string {
  return style.tokenPath ?? '/token';
}
