import { exportBundle } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { createWorkspace } from '../cli/support.js';
import { openHome } from '../leaks/home.js';
import { findSecrets, signature } from '../leaks/secrets.js';
import { installSdk } from './host.js';

it('no secret is in a log, span or metric of an export, whatever the registry repeats of it', async () => {
  await using host = await installSdk();
  await using work = await createWorkspace();
  await using home = await openHome({
    answer: (request, right, { stranger }) => {
      const { authorization } = request.headers;
      if (request.endpoint === 'blob' && right.status === 200) {
        return { status: 307, headers: { location: stranger.park(right, `?X-Amz-Signature=${signature}`) } };
      }
      if (request.endpoint !== 'referrers' || authorization === undefined) return right;
      const message = `${authorization} may not see it`;
      return { status: 403, headers: {}, body: Buffer.from(JSON.stringify({ errors: [{ code: 'DENIED', message }] })) };
    },
  });
  const { resolver, reference, secrets } = home;
  const options = { output: work.path('bundle.tgz'), onDiscoveryError: 'warn' } as const;
  await exportBundle(resolver, [reference], options);
  expect(home.stranger.requests.length).toBeGreaterThan(0);

  const told = await host.told();
  expect(told.join('\n')).toContain('ERR_OCI_DENIED');
  expect(home.said.join('\n')).toContain('not confirmed');
  expect(findSecrets([...told, ...home.said].join('\n'), [...secrets, signature])).toEqual([]);
});
