import { readFile, writeFile } from 'node:fs/promises';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { cli, createWorkspace, publish, publishIndex, sbomType, short, signatureType } from './support.js';

test('discover draws the image with its referrers and says who confirmed them', async () => {
  await using registry = await startRegistry();
  const { image, sbom } = publish(registry);
  const reference = `${registry.host}/team/app:1.0`;
  const { code, stdout, stderr } = await cli(['discover', reference]);
  expect(stdout.split('\n')).toEqual([
    `${reference}  ${short(image.digest)}`,
    `└── ${sbomType}  sbom  ${short(sbom.descriptor.digest)}  ${sbom.descriptor.size} B`,
    `1 referrer, confirmed by the referrers API of ${registry.host}`,
    '',
  ]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

test('discover --recursive draws the signature of the SBOM below the SBOM', async () => {
  await using registry = await startRegistry();
  const { sbom, signature } = publish(registry);
  const { code, stdout } = await cli(['discover', `${registry.host}/team/app:1.0`, '--recursive']);
  const lines = stdout.split('\n');
  expect(lines[1]).toBe(`└── ${sbomType}  sbom  ${short(sbom.descriptor.digest)}  ${sbom.descriptor.size} B`);
  expect(lines[2]).toContain(`    └── ${signatureType}  signature  ${short(signature.descriptor.digest)}`);
  expect(lines[3]).toContain('2 referrers of 3 manifests');
  expect(code).toBe(0);
});

test('discover --recursive shows which platform of an index a referrer belongs to', async () => {
  await using registry = await startRegistry();
  const { sbom } = publishIndex(registry);
  const { stdout } = await cli(['discover', `${registry.host}/team/multi:1.0`, '--recursive']);
  expect(stdout).toMatch(/├── linux\/amd64 {2}sha256:/);
  expect(stdout).toMatch(/└── linux\/arm64\/v8 {2}sha256:[0-9a-f]{12} {2}\d+ B\n {4}└── application\/vnd\.cyclonedx/);
  expect(stdout).toContain(short(sbom.digest));
});

test('discover --platform follows that platform alone', async () => {
  await using registry = await startRegistry();
  publishIndex(registry);
  const { stdout } = await cli(['discover', `${registry.host}/team/multi:1.0`, '--platform', 'linux/amd64']);
  expect(stdout).toContain('linux/amd64');
  expect(stdout).not.toContain('linux/arm64');
  expect(stdout).toContain('no referrers of 2 manifests');
});

test('a platform that is not there exits with 4 and names those that are', async () => {
  await using registry = await startRegistry();
  publishIndex(registry);
  publish(registry);
  const typo = await cli(['discover', `${registry.host}/team/multi:1.0`, '--platform', 'linux/amd46']);
  expect(typo.stderr).toContain('it does not have linux/amd46');
  expect(typo.stderr).toContain('next: it has linux/amd64, linux/arm64/v8');
  expect([typo.code, typo.stdout]).toEqual([4, '']);
  const single = await cli(['discover', `${registry.host}/team/app:1.0`, '--platform', 'linux/s390x']);
  expect(single.stderr).toContain('single manifest');
  expect([single.code, single.stdout]).toEqual([4, '']);
});

test('discover finds what only the referrers tag lists at a registry that was given the API later', async () => {
  await using registry = await startRegistry({
    rewrite: (request, answer) => {
      if (request.endpoint !== 'referrers' || answer.body === undefined) return answer;
      const list = JSON.parse(Buffer.from(answer.body).toString()) as { manifests: unknown[] };
      return { ...answer, body: Buffer.from(JSON.stringify({ ...list, manifests: [] })) };
    },
  });
  const { image, sbom } = publish(registry);
  registry.store.setReferrersTag('team/app', image, [sbom.descriptor]);
  for (const flags of [[], ['--recursive']]) {
    const { code, stdout, stderr } = await cli(['discover', `${registry.host}/team/app:1.0`, ...flags]);
    expect(stdout).toContain(short(sbom.descriptor.digest));
    expect(stderr).toContain('lists 1 referrer that the API does not');
    expect(code).toBe(0);
  }
});

test('discover says how many the filter left out, so that a mistyped type does not pass for an empty list', async () => {
  await using registry = await startRegistry();
  publish(registry);
  const discover = ['discover', `${registry.host}/team/app:1.0`, '--artifact-type', 'application/spdx+jsn'];
  for (const flags of [[], ['--recursive']]) {
    const { code, stdout } = await cli([...discover, ...flags]);
    expect(stdout).toMatch(/\nno referrers, confirmed by the referrers API of [^;]+; 1 left out by the filter\n$/);
    expect(code).toBe(0);
  }
  const { stdout } = await cli([...discover, '--format', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({ subjects: [{ filtered: 1, referrers: [] }] });
});

test('discover points from an index without referrers to its platforms', async () => {
  await using registry = await startRegistry();
  publishIndex(registry);
  const reference = `${registry.host}/team/multi:1.0`;
  expect((await cli(['discover', reference])).stderr).toContain('--recursive follows');
  expect((await cli(['discover', reference, '--quiet'])).stderr).toBe('');
});

test('discover --format table has every digest in full', async () => {
  await using registry = await startRegistry();
  const { image, sbom } = publish(registry);
  const { stdout } = await cli(['discover', `${registry.host}/team/app:1.0`, '--format', 'table']);
  expect(stdout).toContain(image.digest);
  const [, heading = '', row = ''] = stdout.split('\n');
  expect(heading).toMatch(/^TYPE +CATEGORY +SIZE +DIGEST$/);
  expect(row.split(/ {2,}/)).toEqual([sbomType, 'sbom', `${sbom.descriptor.size} B`, sbom.descriptor.digest]);
});

test('discover --format json has the evidence as data', async () => {
  await using registry = await startRegistry({ referrersApi: false });
  const { image, sbom } = publish(registry);
  registry.store.setReferrersTag('team/app', image, [sbom.descriptor]);
  const { stdout } = await cli(['discover', `${registry.host}/team/app:1.0`, '--format', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({
    reference: `${registry.host}/team/app:1.0`,
    name: `${registry.host}/team/app@${image.digest}`,
    digest: image.digest,
    subjects: [
      {
        digest: image.digest,
        source: 'tag-schema',
        host: registry.host,
        referrers: [{ digest: sbom.descriptor.digest, artifactType: sbomType, category: 'sbom' }],
      },
    ],
    warnings: [],
  });
});

test('discover --artifact-type keeps the named types, also those a list does not tell', async () => {
  await using registry = await startRegistry({ referrersApi: false });
  const { image, sbom } = publish(registry);
  const { mediaType, digest, size } = sbom.descriptor;
  registry.store.setReferrersTag('team/app', image, [{ mediaType, digest, size }]);
  const reference = `${registry.host}/team/app:1.0`;
  const kept = await cli([
    'discover',
    reference,
    '--artifact-type',
    'application/spdx+json',
    '--artifact-type',
    sbomType,
  ]);
  expect(kept.stdout).toContain(short(sbom.descriptor.digest));
  const other = await cli(['discover', reference, '--artifact-type', 'application/spdx+json']);
  expect(other.stdout).toContain('no referrers, confirmed by the referrers tag schema');
  expect(other.code).toBe(0);
});

test('discover --legacy-tags finds what cosign tagged before there were referrers', async () => {
  await using registry = await startRegistry();
  const { image, signature } = publish(registry);
  const tag = `${image.digest.replace(':', '-')}.sig`;
  registry.store.repository('team/app').tags.set(tag, signature.descriptor.digest);
  const { stdout } = await cli(['discover', `${registry.host}/team/app:1.0`, '--legacy-tags']);
  expect(stdout).toMatch(/\(no type\) {2}signature {2}sha256:[0-9a-f]{12} {2}\d+ B {2}tag sha256-/);
});

test('a warning of the registry is shown, and cannot redraw the terminal', async () => {
  await using registry = await startRegistry({
    rewrite: (request, answer) => {
      const headers = { ...answer.headers, warning: '299 - "moves \u009b2J soon"' };
      return request.endpoint === 'referrers' ? { ...answer, headers } : answer;
    },
  });
  publish(registry);
  const reference = `${registry.host}/team/app:1.0`;
  const { code, stderr } = await cli(['discover', reference]);
  expect(stderr).toContain(`warning: ${registry.host}: moves \\u009b2J soon`);
  expect(code).toBe(0);
  expect((await cli(['discover', reference, '--quiet'])).stderr).toBe('');
});

test('discover of a bundle checks every byte, shows each image, asks nobody, and says who vouches for it', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const { image, sbom } = publish(registry);
  publishIndex(registry);
  const file = workspace.path('app.tgz');
  const references = ['app', 'multi'].map((name) => `${registry.host}/team/${name}:1.0`);
  await cli(['bundle', 'export', ...references, '--output', file]);
  registry.clearRequests();
  const { code, stdout } = await cli(['discover', file]);
  expect(stdout).toContain(`└── ${sbomType}  sbom  ${short(sbom.descriptor.digest)}  ${sbom.descriptor.size} B\n`);
  expect(stdout).toContain(`2 referrers of 3 manifests, confirmed by the bundle's list of ${registry.host}\n`);
  expect(stdout).toContain('├── linux/amd64');
  expect(
    stdout.endsWith(`every byte of 2 images in ${file} was checked\nunsigned: integrity, not authenticity\n`),
  ).toBe(true);
  const one = await cli(['discover', `${file}@${image.digest}`, '--format', 'json']);
  expect(JSON.parse(one.stdout)).toMatchObject({
    file,
    valid: true,
    signed: false,
    images: [{ reference: references[0], digest: image.digest, subjects: [{ source: 'bundle' }, {}, {}] }],
  });
  expect([code, one.code, registry.requests]).toEqual([0, 0, []]);
  const bytes = await readFile(file);
  const at = bytes.indexOf(sbom.manifest) + 20;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
  expect(await cli(['discover', file])).toMatchObject({ code: 2, stdout: '' });
  expect(await cli(['discover', workspace.path('gone.tgz')])).toMatchObject({ code: 4, stdout: '' });
});
