import { startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { cli, createWorkspace, publish } from './support.js';

test('an import that names no target goes to the registry of the environment, and says so', async () => {
  await using source = await startRegistry();
  await using named = await startRegistry();
  await using other = await startRegistry();
  await using workspace = await createWorkspace();
  publish(source);
  const file = workspace.path('app.tgz');
  await cli(['bundle', 'export', `${source.host}/team/app:1.0`, '--output', file]);
  const env = { oci__registryurl: named.origin };

  const flagged = await cli(['bundle', 'import', '--file', file, '--to', other.host], { env });
  expect(flagged.code).toBe(0);
  expect(flagged.stderr).not.toContain('OCI__RegistryUrl');
  expect(named.requests).toEqual([]);

  const run = await cli(['bundle', 'import', '--file', file, '--strict-referrer-validation'], { env });
  expect(run.code).toBe(0);
  expect(run.stderr).toContain(`[INFO] Importing to ${named.host}, which OCI__RegistryUrl names`);
  expect(run.stdout).toContain(`-> ${named.host}/team/app:1.0`);
});
