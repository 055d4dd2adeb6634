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

test('the login of the environment goes with its registry, a flag before it, and to no other', async () => {
  const user = { username: 'user', password: 'pass:word' };
  await using source = await startRegistry();
  await using named = await startRegistry({ auth: { type: 'basic', ...user } });
  await using other = await startRegistry();
  await using workspace = await createWorkspace();
  publish(source);
  const file = workspace.path('app.tgz');
  await cli(['bundle', 'export', `${source.host}/team/app:1.0`, '--output', file]);
  const env = { OCI__RegistryUrl: named.origin, OCI__Username: user.username, OCI__Password: user.password };
  const run = ['bundle', 'import', '--file', file];

  expect(await cli(run, { env })).toMatchObject({ code: 0 });
  const refused = await cli([...run, '--username', 'user', '--password-stdin'], { env, stdin: 'older' });
  expect(refused.code).toBe(5);
  expect((await cli(run, { env: { ...env, OCI__Password: '' } })).code).toBe(5);
  expect((await cli([...run, '--to', other.host], { env })).code).toBe(0);
  expect(other.requests.filter(({ headers }) => headers['authorization'] !== undefined)).toEqual([]);
});
