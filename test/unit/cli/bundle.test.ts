import { readdir, readFile, writeFile } from 'node:fs/promises';
import { digestOf } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import {
  besideProbes,
  cli,
  createWorkspace,
  publish,
  publishIndex,
  sbomType,
  short,
  signatureType,
} from './support.js';

test('an image travels with its referrers: export, inspect, validate, import into a registry without the API', async () => {
  await using source = await startRegistry();
  await using target = await startRegistry({ referrersApi: false });
  await using workspace = await createWorkspace();
  const { image, sbom, signature } = publish(source);
  const file = workspace.path('app.tgz');

  const written = await cli(['bundle', 'export', `${source.host}/team/app:1.0`, '--output', file]);
  expect(written.stdout).toMatch(/^wrote .*app\.tgz {2}\d/);
  expect(written.stdout).toContain(`2 referrers of 3 manifests (api of ${source.host})`);
  expect(written.stdout).toContain('3 manifests, 5 blobs, 2 indexes by which other tools find the referrers');
  expect([written.code, besideProbes(written)]).toEqual([0, '']);

  const shown = await cli(['bundle', 'inspect', '--file', file]);
  expect(shown.stdout).toContain(`${source.host}/team/app:1.0  ${short(image.digest)}`);
  expect(shown.stdout).toContain(`└── ${sbomType}  sbom  ${short(sbom.descriptor.digest)}`);
  expect(shown.stdout).toContain(`    └── ${signatureType}  signature  ${short(signature.descriptor.digest)}`);
  expect(shown.stderr).toContain('bundle validate checks it');

  await source.close();
  const checked = await cli(['bundle', 'validate', '--file', file, '--check-referrers']);
  expect(checked.stdout).toContain(`1/1 ${image.digest}`);
  expect(checked.stdout).toContain('unsigned: integrity, not authenticity');
  expect(checked.code).toBe(0);

  const moved = await cli(['bundle', 'import', '--file', file, '--to', `${target.host}/mirror`]);
  expect(moved.stdout).toContain(
    `${source.host}/team/app:1.0 -> ${target.host}/mirror/team/app:1.0\n    ${image.digest}`,
  );
  expect(moved.stdout).toContain('2 referrers listed there by tag-schema');
  expect(moved.code).toBe(0);

  const there = await cli(['discover', `${target.host}/mirror/team/app:1.0`, '--recursive']);
  expect(there.stdout).toContain(short(signature.descriptor.digest));
});

test('a tampered copy exits with 2 and names the referrer, on validate and on import', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const { sbom } = publish(registry);
  const file = workspace.path('app.tgz');
  await cli(['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', file]);
  const bytes = await readFile(file);
  const at = bytes.indexOf(sbom.manifest);
  bytes[at + 20] = (bytes[at + 20] ?? 0) ^ 1;
  await writeFile(file, bytes);

  const checked = await cli(['bundle', 'validate', '--file', file, '--check-referrers']);
  expect(checked.stdout).toContain('ReferrerChecksumMismatch');
  expect(checked.stdout).toContain(sbom.descriptor.digest);
  expect(checked.code).toBe(2);

  registry.clearRequests();
  const moved = await cli(['bundle', 'import', '--file', file, '--to', registry.host]);
  expect(moved.stderr).toContain('code: ERR_OCI_BUNDLE_INVALID');
  expect(moved.stderr).toContain('ReferrerChecksumMismatch');
  expect([moved.code, moved.stdout]).toEqual([2, '']);
  expect(registry.requests).toEqual([]);
});

test('--require fails an export with 2 and writes nothing; what is recorded is enforced again', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const exportIt = ['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', workspace.path('a.tgz')];
  const refused = await cli([...exportIt, '--require', `${sbomType}:2`]);
  expect(refused.stderr).toContain(`has 1 of 2 referrers of type ${sbomType}`);
  expect([refused.code, await readdir(workspace.path('.'))]).toEqual([2, []]);

  expect((await cli([...exportIt, '--require', sbomType])).code).toBe(0);
  const validate = ['bundle', 'validate', '--file', workspace.path('a.tgz')];
  expect((await cli(validate)).code).toBe(0);
  const stricter = await cli([...validate, '--require', signatureType, '--format', 'json']);
  expect(JSON.parse(stricter.stdout)).toMatchObject({ ok: false, findings: [{ code: 'ReferrerRequiredMissing' }] });
  expect(stricter.code).toBe(2);
});

test('an existing file is refused and left as it is, unless --force', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const file = workspace.path('a.tgz');
  await writeFile(file, 'mine');
  const exportIt = ['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', file];
  const refused = await cli(exportIt);
  expect(refused.stderr).toContain('exists already');
  expect([refused.code, await readFile(file, 'utf8')]).toEqual([5, 'mine']);
  expect((await cli([...exportIt, '--force'])).code).toBe(0);
  expect((await cli(['bundle', 'validate', '--file', file])).code).toBe(0);
});

test('--dry-run of an export and of an import shows the plan and changes nothing', async () => {
  await using registry = await startRegistry();
  await using target = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const exportIt = ['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', workspace.path('a.tar')];
  const planned = await cli([...exportIt, '--dry-run']);
  expect(planned.stdout).toMatch(/^would write .*a\.tar {2}.* of which .* are blobs/);
  expect(await readdir(workspace.path('.'))).toEqual([]);
  expect(JSON.parse((await cli([...exportIt, '--dry-run', '--format', 'json'])).stdout)).toMatchObject({
    counts: { images: 1, referrers: 2 },
  });

  await cli(exportIt);
  const mapping = ['--map', `${registry.host}/team/app=${target.host}/elsewhere`];
  const shown = await cli(['bundle', 'import', '--file', workspace.path('a.tar'), ...mapping, '--dry-run']);
  expect(shown.stdout).toContain('would import 1 image');
  expect(shown.stdout).toContain(`-> ${target.host}/elsewhere:1.0`);
  expect(target.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
});

test('a target that no request can be sent to exits with 4 before anything is read from it', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const file = workspace.path('a.tgz');
  await cli(['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', file]);
  const { code, stderr } = await cli(['bundle', 'import', '--file', file, '--to', 'localhost:99999']);
  expect(stderr).toContain('"localhost:99999" is not REGISTRY or REGISTRY/PREFIX');
  expect(code).toBe(4);
});

test('--no-overwrite refuses to move a tag', async () => {
  await using source = await startRegistry();
  await using target = await startRegistry();
  await using workspace = await createWorkspace();
  publish(source);
  const { image: other } = publish(target, Buffer.from('another layer\n'));
  const file = workspace.path('a.tgz');
  await cli(['bundle', 'export', `${source.host}/team/app:1.0`, '--output', file]);
  const importIt = ['bundle', 'import', '--file', file, '--to', target.host];
  const refused = await cli([...importIt, '--no-overwrite']);
  expect(refused.stderr).toContain('ERR_OCI_TRANSFER_REFUSED');
  expect([refused.code, target.store.repository('team/app').tags.get('1.0')]).toEqual([5, other.digest]);
  const moved = await cli(importIt);
  expect(moved.stdout).toContain(`the tag pointed to ${other.digest} before`);
});

test('filters and platforms decide what is in the bundle, and inspect shows it', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const { sbom } = publishIndex(registry);
  const signature = buildArtifact({ artifactType: signatureType, subject: sbom, content: '{}' });
  registry.store.add('team/multi', signature);
  const file = workspace.path('a.tgz');
  const reference = `${registry.host}/team/multi:1.0`;
  const flags = ['--exclude', signatureType, '--platform', 'linux/arm64', '--compression', 'none'];
  const written = await cli(['bundle', 'export', reference, '--output', file, ...flags]);
  expect(written.stdout).toContain('1 left out by the filter');
  expect(written.code).toBe(0);
  const { stdout } = await cli(['bundle', 'inspect', '--file', file]);
  expect(stdout).not.toContain(signatureType);
  expect(stdout).toMatch(/(?:├|└)── manifest {2}sha256:[0-9a-f]{12}\n[│ ] {3}└── application\/vnd\.cyclonedx\+json/);
  expect(stdout).toContain('platforms: linux/arm64/v8; left out: linux/amd64');
  const record: unknown = JSON.parse((await cli(['bundle', 'inspect', '--file', file, '--format', 'json'])).stdout);
  expect(record).toMatchObject({ schemaVersion: 1, images: [{ reference }] });
});

test('--category and --exclude-category choose what is in the bundle, and a category there is not is refused', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const exportIt = [
    'bundle',
    'export',
    `${registry.host}/team/app:1.0`,
    '--dry-run',
    '--output',
    workspace.path('a.tgz'),
  ];
  const kept = await cli([...exportIt, '--category', 'sbom', '--category', 'vex']);
  expect(kept.stdout).toContain('1 referrer of 2 manifests');
  expect(kept.stdout).toContain('1 left out by the filter');
  const left = await cli([...exportIt, '--exclude-category', 'sbom']);
  expect(left.stdout).toContain('0 referrers of 1 manifest ');
  const refused = await cli([...exportIt, '--category', 'sboms']);
  expect(refused.stderr).toContain('Write one of sbom, attestation, signature, vex, other.');
  expect(refused.code).toBe(4);
});

test('an export for a platform that is not there exits with 4 and writes nothing', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  publishIndex(registry);
  for (const name of ['app', 'multi']) {
    const flags = ['--output', workspace.path('a.tgz'), '--platform', 'linux/amd46'];
    const { code, stderr } = await cli(['bundle', 'export', `${registry.host}/team/${name}:1.0`, ...flags]);
    expect(stderr).toContain('ERR_OCI_INVALID_OPTION');
    expect(code).toBe(4);
  }
  expect(await readdir(workspace.path('.'))).toEqual([]);
});

test('inspect of something that is no bundle says so, and names the file', async () => {
  await using workspace = await createWorkspace();
  const file = workspace.path('a.tgz');
  await writeFile(file, 'not a bundle');
  const { code, stderr } = await cli(['bundle', 'inspect', '--file', file]);
  expect(stderr).toContain(`error: ${file}: `);
  expect(stderr).toContain('ERR_OCI_BUNDLE_INVALID');
  expect(code).toBe(2);
  const gone = await cli(['bundle', 'inspect', '--file', workspace.path('gone.tgz')]);
  expect(gone.stderr.split('gone.tgz')).toHaveLength(3);
  expect(gone.code).toBe(4);
});

test('--strict and --strict-referrer-validation turn a warning into a refusal before anything is pushed', async () => {
  await using source = await startRegistry();
  await using target = await startRegistry();
  await using workspace = await createWorkspace();
  const plain = buildImage();
  const type = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
  const manifest = Buffer.from(
    Buffer.from(plain.manifest)
      .toString()
      .replace(/application\/[^"]*layer\.v1\.tar/, type),
  );
  const descriptor = { ...plain.descriptor, digest: digestOf(manifest), size: manifest.length };
  source.store.add('team/app', { ...plain, manifest, descriptor }, { tag: '1.0' });
  const file = workspace.path('a.tgz');
  const written = await cli(['bundle', 'export', `${source.host}/team/app:1.0`, '--output', file]);
  expect(written.stderr).toContain('warning: 1 nondistributable layers stay outside the bundle');

  expect((await cli(['bundle', 'validate', '--file', file])).code).toBe(0);
  const strict = await cli(['bundle', 'validate', '--file', file, '--strict']);
  expect(strict.stdout).toContain('error ExternalBlob');
  expect(strict.code).toBe(2);
  const importIt = ['bundle', 'import', '--file', file, '--to', target.host, '--strict-referrer-validation'];
  expect((await cli(importIt)).code).toBe(2);
  expect(target.requests).toEqual([]);
});
