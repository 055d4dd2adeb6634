import { isOciError } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { installSdk } from '../telemetry/host.js';
import { misplacedAtHome, openHome } from './home.js';
import { account, everythingSaid, findSecrets, signature } from './secrets.js';
import { ways } from './ways.js';

describe('no secret leaves its origin, and none is said, when', () => {
  it.each(ways.map((way) => [way.name, way] as const))('%s', async (_, way) => {
    await using host = await installSdk();
    await using home = await openHome(way);
    const error = await way.act(home).then(
      () => undefined,
      (caught: unknown) => caught,
    );

    if (way.outcome === 'fine') expect(error).toBeUndefined();
    else expect(isOciError(error) ? error.code : everythingSaid(error)).toBe(way.outcome);

    expect(home.stranger.requests).toHaveLength(way.visits);
    const login = `${account.username}:${account.password}`;
    const kept = [...home.secrets].filter((secret) => way.mayGet !== 'login' || !login.includes(secret));
    expect(findSecrets(home.stranger.received(), kept)).toEqual([]);
    for (const header of ['authorization:', 'cookie:', 'referer:', 'x-api-key:']) {
      if (way.mayGet === 'login' && header === 'authorization:') continue;
      expect(home.stranger.received().toLowerCase()).not.toContain(header);
    }
    expect(misplacedAtHome(home)).toEqual([]);
    expect(home.registry.requests.filter(({ headers }) => 'cookie' in headers || 'referer' in headers)).toEqual([]);

    const said = [everythingSaid(error), ...home.said, ...(await host.told())].join('\n');
    expect(findSecrets(said, [...home.secrets, signature])).toEqual([]);
  });
});
