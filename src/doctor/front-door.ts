import { type Challenge, parseChallenges } from '../auth/challenge.js';
import type { BufferedResponse } from '../http/types.js';
import { isWebPageType, mediaTypeOf } from '../oci/media-types.js';
import type { ResolvedOptions } from '../remotes/options.js';
import type { Repository } from '../remotes/repository.js';

/** The answer of `GET /v2/` to nobody in particular. */
export interface FrontDoor {
  readonly answer: BufferedResponse;
  readonly challenges: readonly Challenge[];
  /** How it asks who is there; `none` where it does not, or in no way that is known. */
  readonly asksFor: 'none' | 'basic' | 'bearer';
  /** True for a page for people: a login page, a firewall's page, a web site. */
  readonly isWebPage: boolean;
}

/** Asks `GET /v2/` without credentials; a challenge is an answer. */
export async function askFrontDoor(
  at: Repository,
  { limits }: Pick<ResolvedOptions, 'limits'>,
  signal: AbortSignal | undefined,
): Promise<FrontDoor> {
  const bound = { limitName: 'maxErrorBytes', limit: limits.maxErrorBytes };
  return readFrontDoor(await at.read('GET', at.baseUrl, bound, { signal, scopes: [], anonymous: true }));
}

/** Looks at an answer of `GET /v2/`. */
export function readFrontDoor(answer: BufferedResponse): FrontDoor {
  const challenges = parseChallenges(answer.headers.all('www-authenticate'));
  const has = (scheme: string): boolean => challenges.some((challenge) => challenge.scheme === scheme);
  // Quay and zot send a challenge with a 200, too: nobody is asked for anything there.
  const asked = has('bearer') ? 'bearer' : has('basic') ? 'basic' : 'none';
  const type = mediaTypeOf(answer.headers.get('content-type'));
  return { answer, challenges, asksFor: answer.status === 401 ? asked : 'none', isWebPage: isWebPageType(type) };
}

/** What a challenge of a scheme says. */
export function challengeOf(
  { challenges }: FrontDoor,
  scheme: 'basic' | 'bearer',
): Challenge['parameters'] | undefined {
  return challenges.find((challenge) => challenge.scheme === scheme)?.parameters;
}
