import { ArgumentError, isOciError } from '../errors/index.js';
import type { Authorizer, AuthTarget } from '../http/types.js';
import { basicHeader } from './basic-header.js';
import { type Challenge, parseChallenges } from './challenge.js';
import type { CredentialProvider, Credentials } from './credentials.js';
import { parseRealm } from './realm.js';
import { chooseScopes, splitScopes, uniteScopes } from './scope.js';
import { createSingleFlight, type SingleFlight } from './single-flight.js';
import { isHeaderToken } from './token-answer.js';
import { TokenCache } from './token-cache.js';
import { createTokenClient, type TokenClient } from './token-client.js';
import type { TokenSenderOptions } from './token-sender.js';

/** Options of {@link createAuthorizer}. */
export interface AuthorizerOptions extends TokenSenderOptions {
  /** Asked for credentials by `host`. */
  readonly credentials: CredentialProvider;
}

/** The token service a registry has named. */
interface Bearer {
  readonly realm: string;
  readonly service: string | undefined;
}

/** Sets of scopes whose challenge is remembered. */
const maxLearned = 1_000;

/**
 * Creates the authorizer of one origin: Basic and Bearer, as the registry's challenges ask.
 *
 * @remarks The first request goes out without credentials; from its challenge on every request carries what is needed.
 */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  return new OriginAuthorizer(options);
}

class OriginAuthorizer implements Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #fetchToken: TokenClient;
  readonly #tokens = new TokenCache();
  /** Scopes to ask for, by the scopes a request needs, where a challenge said more. */
  readonly #learned = new Map<string, readonly string[]>();
  readonly #flight: SingleFlight<string | undefined> = createSingleFlight();
  #bearer: Bearer | undefined;
  #basic: string | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#fetchToken = createTokenClient(options);
  }

  async authorize(target: AuthTarget): Promise<string | undefined> {
    if (this.#bearer === undefined) return this.#basic;
    const bearer = this.#bearer;
    const scopes = this.#learned.get(keyOf(target.scopes)) ?? uniteScopes(target.scopes);
    const key = JSON.stringify([bearer.realm, bearer.service, scopes]);
    const known = this.#tokens.get(key);
    if (known !== undefined) return known;
    return await this.#flight(key, async (signal) => await this.#mint(key, bearer, scopes, signal), target.signal);
  }

  async challenged(target: AuthTarget, lines: readonly string[], rejected: string | undefined): Promise<boolean> {
    const challenges = parseChallenges(lines);
    const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
    if (bearer !== undefined) return this.#takeBearer(target, bearer, rejected);
    // Google answers a token it does not take without any challenge, Harbor with Basic: the known service still counts.
    if (rejected?.startsWith('Bearer ') === true) return this.#drop(rejected);
    // ECR's passwords last for 12 hours, and it says so without a challenge: the provider may know a new one by now.
    const isBasic = rejected !== undefined || challenges.some(({ scheme }) => scheme === 'basic');
    if (isBasic) return await this.#takeBasic(target, rejected);
    const schemes = challenges.map(({ scheme }) => scheme).join(', ') || 'none';
    this.#options.logger.debug(`${this.#options.host}: no challenge that can be met; schemes: ${schemes}`);
    return false;
  }

  #takeBearer(target: AuthTarget, challenge: Challenge, rejected: string | undefined): boolean {
    const { parameters } = challenge;
    this.#bearer = { realm: parameters.get('realm') ?? '', service: parameters.get('service') };
    const scopes = chooseScopes(target.scopes, splitScopes(parameters.get('scope')));
    if (this.#learned.size >= maxLearned) this.#learned.clear();
    this.#learned.set(keyOf(target.scopes), scopes);
    return rejected?.startsWith('Bearer ') === true ? this.#drop(rejected) : true;
  }

  /** Forgets a token that was refused; false when it is the one the caller gave, since there is no other. */
  #drop(rejected: string): boolean {
    return this.#bearer !== undefined && this.#tokens.drop(rejected) !== 'given';
  }

  async #takeBasic(target: AuthTarget, rejected: string | undefined): Promise<boolean> {
    if (this.#basic !== undefined && this.#basic !== rejected) return true;
    const find = async (signal: AbortSignal): Promise<string | undefined> => {
      const found = await this.#credentials(undefined, signal);
      return found !== undefined && 'password' in found ? basicHeader(found) : undefined;
    };
    const header = await this.#flight('basic', find, target.signal);
    if (header === undefined || header === rejected) return false;
    this.#basic = header;
    return true;
  }

  async #mint(key: string, bearer: Bearer, scopes: readonly string[], signal: AbortSignal): Promise<string> {
    const { origin, tokenRealms, logger, host } = this.#options;
    const realm = parseRealm(bearer.realm, origin, tokenRealms);
    const credentials = await this.#credentials(realm, signal);
    if (credentials !== undefined && 'token' in credentials) {
      // What undici says about such a header would blame the headers option.
      if (!isHeaderToken(credentials.token)) throw unusableToken(host);
      return this.#tokens.setGiven(key, credentials.token);
    }
    const known = credentials === undefined || 'anonymous' in credentials ? undefined : credentials;
    logger.debug(`${host}: fetch a token from ${realm.host}${known === undefined ? ', without credentials' : ''}`);
    const token = await this.#fetchToken({ realm, service: bearer.service, scopes, credentials: known, signal });
    return this.#tokens.set(key, token);
  }

  async #credentials(realm: URL | undefined, signal: AbortSignal): Promise<Credentials | undefined> {
    const { credentials, host } = this.#options;
    try {
      const found = await credentials(host, { ...(realm !== undefined && { realm: realm.href }), signal });
      const isIdentity = found !== undefined && 'password' in found && found.username === '<token>';
      return isIdentity ? { identityToken: found.password } : found;
    } catch (cause) {
      signal.throwIfAborted();
      if (isOciError(cause)) throw cause;
      throw new ArgumentError('ERR_OCI_CREDENTIALS', `find credentials for ${host}: the provider failed`, {
        argument: 'credentials',
        cause,
        hint: 'look at the credential provider this program passes in',
      });
    }
  }
}

function unusableToken(host: string): ArgumentError {
  const message = `the token given for ${host} is empty, or has characters no header can carry`;
  return new ArgumentError('ERR_OCI_CREDENTIALS', message, {
    argument: 'credentials',
    hint: 'a token that was read from a file often ends in a line break: cut it off',
  });
}

function keyOf(scopes: readonly string[]): string {
  return uniteScopes(scopes).join(' ');
}
