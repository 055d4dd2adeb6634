import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { buildArtifact, buildImage, startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { makeKey } from '../bundle-sign/keys.js';
import { cli, createWorkspace, publish, publishIndex, sbomType } from './support.js';

const epoch = { env: { SOURCE_DATE_EPOCH: '1764288000' } };

test('discover --format html is one page with the tree, who confirmed it, and every digest in full', async () => {
  await using registry = await startRegistry();
  const { image, sbom, signature } = publish(registry);
  const reference = `${registry.host}/team/app:1.0`;
  const { code, stdout, stderr } = await cli(['discover', reference, '--recursive', '--format', 'html'], epoch);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(stdout).toContain(`<title>${reference} – What refers to an image</title>`);
  for (const { digest } of [image, sbom.descriptor, signature.descriptor]) {
    expect(stdout).toContain(`<code class="digest" title="${digest}">${digest}</code>`);
  }
  expect(stdout).toContain(`2 referrers: confirmed by the referrers API of ${registry.host}`);
  expect(stdout).toContain('no referrers: confirmed');
  expect(stdout).toContain('2025-11-28T00:00:00Z');
  expect((await cli(['discover', reference, '--recursive', '--format', 'html'], epoch)).stdout).toBe(stdout);
});

test('a page may run and load nothing: its policy allows the style sheet in it alone', async () => {
  await using registry = await startRegistry();
  publish(registry);
  const { stdout } = await cli(['discover', `${registry.host}/team/app:1.0`, '--format', 'html']);
  const style = /<style>([\s\S]*?)<\/style>/.exec(stdout)?.[1] ?? '';
  const digest = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
  expect(stdout).toContain(`<meta http-equiv="Content-Security-Policy" content="${policy.replaceAll("'", '&#39;')}">`);
  expect(stdout).not.toMatch(/<(?:script|link|a|img|iframe|form)\b|\sstyle=|\son\w+=|url\(|@import/);
});

test('what was not asked is said to be not asked', async () => {
  await using registry = await startRegistry();
  publish(registry);
  const { stdout } = await cli(['discover', `${registry.host}/team/app:1.0`, '--format', 'html']);
  expect(stdout).toContain('Nobody was asked what refers to 1 of these referrers; --recursive asks');
});

test('nothing a registry says becomes markup, and what would hide or reorder it is made visible', async () => {
  await using registry = await startRegistry();
  const { image } = publish(registry);
  const hostile = '</style></title>"><img src=x onerror=alert(1)>\u202Egpj.exe<script>alert(2)</script>]]>&amp;';
  const annotations = { [hostile]: hostile, long: 'x'.repeat(10_000), 'org.opencontainers.image.created': hostile };
  registry.store.add('team/app', buildArtifact({ artifactType: sbomType, subject: image, content: 'x', annotations }));
  const { stdout } = await cli(['discover', `${registry.host}/team/app:1.0`, '--format', 'html']);
  expect(stdout).toContain('&lt;/style&gt;&lt;/title&gt;&quot;&gt;&lt;img src=x onerror=alert(1)&gt;\\u202egpj.exe');
  expect(stdout).not.toMatch(/<img|<script|\u202E/);
  expect(stdout.match(/<\/style>/g)).toHaveLength(1);
  expect(stdout).not.toContain('x'.repeat(513));
});

test('an index shows each platform with its own evidence', async () => {
  await using registry = await startRegistry();
  publishIndex(registry);
  const { stdout } = await cli(['discover', `${registry.host}/team/multi:1.0`, '--recursive', '--format', 'html']);
  expect(stdout).toMatch(
    /linux\/amd64[\s\S]*no referrers: confirmed[\s\S]*linux\/arm64\/v8[\s\S]*1 referrer: confirmed/,
  );
});

test('bundle inspect --format html validates the bundle, and shows platforms that its record does not tell', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publishIndex(registry);
  const file = workspace.path('app.tgz');
  await cli(['bundle', 'export', `${registry.host}/team/multi:1.0`, '--output', file]);
  const { code, stdout, stderr } = await cli(['bundle', 'inspect', '--file', file, '--format', 'html']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('<h1>app.tgz</h1>');
  expect(stdout).not.toContain(workspace.path('.'));
  expect(stdout).toContain('VALID: every file in it is what its record says');
  expect(stdout).toContain('Unsigned: nobody vouches for this bundle');
  expect(stdout).toContain('1 referrer: confirmed; 1 of 1 unchanged');
  expect(stdout).toContain('<bdi class="title">linux/arm64/v8</bdi>');
});

test('a tampered bundle gets its page too, with where and what, and exit code 2', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const { sbom } = publish(registry);
  const file = workspace.path('app.tgz');
  await cli(['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', file]);
  const bytes = await readFile(file);
  const at = bytes.indexOf(sbom.manifest);
  bytes[at + 20] = (bytes[at + 20] ?? 0) ^ 1;
  await writeFile(file, bytes);
  const { code, stdout } = await cli(['bundle', 'inspect', '--file', file, '--format', 'html']);
  expect(code).toBe(2);
  expect(stdout).toMatch(/INVALID: \d errors?\. Do not import it\./);
  expect(stdout).toContain('ReferrerChecksumMismatch');
  expect(stdout).toContain('<b>Next:</b> do not import; find out where the file was changed');
  expect(stdout).toContain('1 referrer: confirmed; 0 of 1 unchanged');
  expect(stdout).toContain('1 error, see Findings');

  await writeFile(file, bytes.subarray(0, 600));
  const cut = await cli(['bundle', 'inspect', '--file', file, '--format', 'html']);
  expect(cut.stdout).toContain('ArchiveTruncated');
  expect(cut.stdout).toContain('Signatures could not be looked for: the file is damaged');
  expect(cut.code).toBe(2);
});

test('a page says which of the keys given has signed, and that nothing was checked where none was given', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const file = workspace.path('app.tgz');
  const [signer, other] = [makeKey(), makeKey()];
  await writeFile(workspace.path('signer.pem'), signer.privatePem, { mode: 0o600 });
  await writeFile(workspace.path('signer.pub'), signer.publicPem);
  await writeFile(workspace.path('other.pub'), other.publicPem);
  const signing = ['--sign-key', workspace.path('signer.pem')];
  await cli(['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', file, ...signing]);
  const inspect = ['bundle', 'inspect', '--file', file, '--format', 'html'];
  const wrongKey = ['--key', workspace.path('other.pub')];
  const signed = await cli([...inspect, '--key', workspace.path('signer.pub'), ...wrongKey]);
  expect(signed.stdout).toContain('Signed by signer.pub: the signature verifies with this key');
  expect(signed.stdout).toContain('Not signed by other.pub');
  expect(signed.code).toBe(0);
  const refused = await cli([...inspect, ...wrongKey]);
  expect(refused.stdout).toContain('INVALID');
  expect(refused.stdout).not.toContain('Signed by');
  expect(refused.code).toBe(2);
  const unchecked = await cli(inspect);
  expect(unchecked.stdout).toContain('signatures/00.sigstore.json: not checked, because no key was given (--key)');
  expect(unchecked.code).toBe(0);
});

test('discover of a bundle with one image is a page too; of several, bundle inspect writes one', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  publishIndex(registry);
  const [one, two] = [workspace.path('one.tgz'), workspace.path('two.tgz')];
  const [app, multi] = [`${registry.host}/team/app:1.0`, `${registry.host}/team/multi:1.0`];
  await cli(['bundle', 'export', app, '--output', one]);
  await cli(['bundle', 'export', app, multi, '--output', two]);
  const { code, stdout } = await cli(['discover', one, '--format', 'html']);
  expect(stdout).toContain('2 referrers: confirmed by the bundle&#39;s list of');
  expect(code).toBe(0);
  const several = await cli(['discover', two, '--format', 'mermaid']);
  expect(several.stderr).toContain(`next: oci-referrers bundle inspect --file ${two} --format mermaid`);
  expect([several.code, several.stdout]).toEqual([4, '']);
});

test('a key given to a form that checks nothing is refused', async () => {
  const { code, stderr } = await cli(['bundle', 'inspect', '--file', 'a.tgz', '--key', 'a.pub']);
  expect(stderr).toContain('--key needs a check, and bundle inspect --format tree checks nothing');
  expect(stderr).toContain('next: write --format html');
  expect(code).toBe(4);
});

test('a file that is not there gets no page', async () => {
  const { code, stdout } = await cli(['bundle', 'inspect', '--file', '/nowhere/a.tgz', '--format', 'html']);
  expect([code, stdout]).toEqual([4, '']);
});

test('a SOURCE_DATE_EPOCH that is no number is said to be none', async () => {
  await using registry = await startRegistry();
  registry.store.add('team/app', buildImage(), { tag: '1.0' });
  const setting = { env: { SOURCE_DATE_EPOCH: 'yesterday' } };
  const { code, stderr } = await cli(['discover', `${registry.host}/team/app:1.0`, '--format', 'html'], setting);
  expect(stderr).toContain('SOURCE_DATE_EPOCH is not a number of seconds since 1970');
  expect(code).toBe(4);
});
