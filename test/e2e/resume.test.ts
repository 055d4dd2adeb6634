import { exportBundle } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { openStage } from './setup.js';

it('a second export with the same work directory asks the registry for lists and manifests, and for no blob', async () => {
  await using stage = await openStage();
  const workDirectory = stage.path('work');
  const write = (name: string): Promise<{ sha256: string }> =>
    exportBundle(stage.resolver, [stage.reference], { output: stage.path(name), workDirectory });
  const first = await write('a.tgz');
  stage.source.clearRequests();
  const second = await write('b.tgz');
  expect(second.sha256).toBe(first.sha256);
  const paths = stage.source.requests.map(({ path }) => path);
  expect(paths.filter((path) => path.includes('/blobs/'))).toEqual([]);
  expect(paths.filter((path) => path.includes('/referrers/')).length).toBeGreaterThan(0);
});
