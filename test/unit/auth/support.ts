import { type AuthorizerOptions, createAuthorizer } from '../../../src/auth/authorizer.js';
import { defaultLimits } from '../../../src/content/limits.js';
import { defaultTimeouts } from '../../../src/http/timeouts.js';
import type { Authorizer } from '../../../src/http/types.js';
import { noRetry, silent } from '../http/support.js';

/** Creates an authorizer with short defaults. */
export function authorizerFor(origin: string, setup: Partial<AuthorizerOptions> = {}): Authorizer {
  return createAuthorizer({
    origin,
    host: new URL(origin).host,
    credentials: () => undefined,
    tokenRealms: 'any-https',
    retry: noRetry,
    timeouts: defaultTimeouts,
    limits: defaultLimits,
    logger: silent,
    ...setup,
  });
}
