import { writeFile } from 'node:fs/promises';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { cli, createWorkspace, publish, sbomType } from './support.js';

test('attach pushes files as a referrer and prints its name, the same one every time', async () => {
  await using registry = await startRegistry({ referrersApi: false });
  await using workspace = await createWorkspace();
  publish(registry);
  const file = workspace.path('app.cdx.json');
  await writeFile(file, '{"bomFormat":"CycloneDX"}');
  const reference = `${registry.host}/team/app:1.0`;
  const attach = ['attach', reference, `${file}:${sbomType}`, '--artifact-type', sbomType, '--annotation', 'a=b=c'];
  const first = await cli(attach);
  expect(first.stdout).toMatch(new RegExp(`^${registry.host}/team/app@sha256:[0-9a-f]{64}\n$`));
  expect(first.code).toBe(0);
  expect((await cli(attach)).stdout).toBe(first.stdout);

  const asJson = JSON.parse((await cli([...attach, '--format', 'json'])).stdout) as Record<string, unknown>;
  expect(asJson).toMatchObject({
    name: first.stdout.trim(),
    artifactType: sbomType,
    subject: { digest: expect.stringMatching(/^sha256:/) as string },
  });
  const { stdout } = await cli(['discover', reference, '--format', 'json']);
  const digest = first.stdout.trim().slice(first.stdout.indexOf('@') + 1);
  expect(JSON.parse(stdout)).toMatchObject({
    subjects: [{ referrers: [{ digest, artifactType: sbomType, annotations: { a: 'b=c' } }] }],
  });
  const manifest = registry.store.repository('team/app').manifests.get(digest);
  expect(Buffer.from(manifest?.bytes ?? []).toString()).toContain('"org.opencontainers.image.title":"app.cdx.json"');
});

test('attach to a registry without the API is refused with 3 under --no-fallback, before anything is pushed', async () => {
  await using registry = await startRegistry({ referrersApi: false });
  await using workspace = await createWorkspace();
  publish(registry);
  const file = workspace.path('sbom.json');
  await writeFile(file, '{}');
  const before = registry.store.repository('team/app').manifests.size;
  const reference = `${registry.host}/team/app:1.0`;
  const { code, stderr } = await cli(['attach', reference, `${file}:a/b`, '--artifact-type', 'a/b', '--no-fallback']);
  expect(stderr).toContain('ERR_OCI_REFERRERS_UNSUPPORTED');
  expect([code, registry.store.repository('team/app').manifests.size]).toEqual([3, before]);
});

test('an artifact type that is no media type is refused with 4', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const file = workspace.path('sbom.json');
  await writeFile(file, '{}');
  const attach = ['attach', `${registry.host}/team/app:1.0`, `${file}:a/b`, '--artifact-type', 'sbom'];
  const { code, stderr } = await cli(attach);
  expect(stderr).toContain('ERR_OCI_INVALID_OPTION');
  expect(code).toBe(4);
});
