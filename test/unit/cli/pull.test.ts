import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { digestOf, escapeText } from '@stellaops/oci-referrers';
import { buildImage, startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameFiles } from '../../../src/cli/file-names.js';
import { Interruption } from '../../../src/cli/interruption.js';
import { cli, createWorkspace, publish, publishIndex, sbomType, type Workspace } from './support.js';

/** Attaches files with the command, and gives the name of the artifact. */
async function attach(registry: TestRegistry, workspace: Workspace, ...names: string[]): Promise<string> {
  publish(registry);
  for (const name of names) await writeFile(workspace.path(name), `content of ${name}`);
  const files = names.map((name) => `${workspace.path(name)}:${sbomType}`);
  const { stdout } = await cli(['attach', `${registry.host}/team/app:1.0`, ...files, '--artifact-type', sbomType]);
  return stdout.trim();
}

test('pull writes what attach took, under the names it had, and says so', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const name = await attach(registry, workspace, 'a.json', 'b.json');
  const out = workspace.path('out/deep');
  const { code, stdout, stderr } = await cli(['pull', name, '--output', out]);
  expect(stdout).toContain(`pulled ${name}\n  is     ${sbomType}, 2 files\n  about  sha256:`);
  expect(stdout).toContain(`  wrote  ${out}/a.json  17 B\n`);
  expect([code, stderr]).toEqual([0, '']);
  expect((await readdir(out)).sort()).toEqual(['a.json', 'b.json']);
  expect(await readFile(`${out}/b.json`, 'utf8')).toBe('content of b.json');
});

test('a tag, a layout and a bundle name artifacts too, and --output - gives a single file alone', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const name = await attach(registry, workspace, 'a.json');
  const digest = name.split('@')[1] ?? '';
  registry.store.repository('team/app').tags.set('sbom', digest);
  const [layout, bundle] = [workspace.path('layout'), workspace.path('app.tgz')];
  await cli(['copy', `${registry.host}/team/app:1.0`, `oci:${layout}`]);
  await cli(['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', bundle]);
  for (const place of [`${registry.host}/team/app:sbom`, `oci:${layout}@${digest}`, `${bundle}@${digest}`]) {
    const run = await cli(['pull', place, '--output', '-']);
    expect(run).toEqual({ code: 0, stdout: 'content of a.json', stderr: '' });
  }
  const manifest = await cli(['pull', `${bundle}@${digest}`, '--manifest', '--output', '-']);
  expect(digestOf(Buffer.from(manifest.stdout))).toBe(digest);
});

test('--format json says what was written, with digests', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const name = await attach(registry, workspace, 'a.json');
  const { stdout } = await cli(['pull', name, '--output', workspace.path('out'), '--format', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({
    name,
    artifactType: sbomType,
    files: [{ path: workspace.path('out/a.json'), title: 'a.json', mediaType: sbomType, size: 17 }],
    warnings: [],
  });
});

test('nothing that is there is replaced, unless --force; a link is replaced and not followed', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const name = await attach(registry, workspace, 'a.json', 'b.json');
  const out = workspace.path('out');
  await mkdir(out);
  await writeFile(workspace.path('mine'), 'mine');
  await symlink(workspace.path('mine'), `${out}/b.json`);
  const refused = await cli(['pull', name, '--output', out]);
  expect(refused.stderr).toContain('b.json exists already\n  next: name another directory with --output');
  expect([refused.code, await readdir(out)]).toEqual([5, ['b.json']]);
  expect((await cli(['pull', name, '--output', out, '--force'])).code).toBe(0);
  expect(await readFile(workspace.path('mine'), 'utf8')).toBe('mine');
  expect(await readFile(`${out}/b.json`, 'utf8')).toBe('content of b.json');
});

test('content that is not what its digest says, and an interruption, leave no file and no part of one', async () => {
  let fault: 'none' | 'changed' | 'interrupted' = 'none';
  const controller = new AbortController();
  await using registry = await startRegistry({
    intercept: ({ endpoint }) => {
      if (fault !== 'interrupted' || endpoint !== 'blob') return false;
      controller.abort(new Interruption('SIGINT'));
      return true;
    },
    rewrite: ({ endpoint }, answer) =>
      fault === 'changed' && endpoint === 'blob' ? { ...answer, body: Buffer.from('content of X.json') } : answer,
  });
  await using workspace = await createWorkspace();
  const name = await attach(registry, workspace, 'a.json');
  const out = workspace.path('out');
  fault = 'changed';
  const changed = await cli(['pull', name, '--output', out]);
  expect(changed.stderr).toContain('ERR_OCI_DIGEST_MISMATCH');
  expect([changed.code, changed.stdout, await readdir(out)]).toEqual([5, '', []]);
  const piped = await cli(['pull', name, '--output', '-']);
  expect([piped.code, piped.stdout]).toEqual([5, '']);
  fault = 'interrupted';
  const ended = await cli(['pull', name, '--output', out], { signal: controller.signal });
  expect(ended).toEqual({ code: 130, stdout: '', stderr: 'interrupted\n' });
  expect(await readdir(out)).toEqual([]);
});

test('what has no files, several files for one pipe, or no digest in a bundle is refused with what to write', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const name = await attach(registry, workspace, 'a.json', 'b.json');
  publishIndex(registry);
  const bundle = workspace.path('app.tgz');
  await cli(['bundle', 'export', `${registry.host}/team/app:1.0`, '--output', bundle]);
  const cases: readonly (readonly [words: string[], said: string])[] = [
    [[`${registry.host}/team/multi:1.0`], 'is an index of 2 manifests'],
    [[name, '--output', '-'], 'is for one file, and this has a.json, b.json'],
    [[name, '--output', '-', '--format', 'json'], 'both want standard output'],
    [[bundle], `${bundle}@DIGEST`],
    [[`${bundle}@sha256:${'0'.repeat(64)}`], 'has no image and no referrer sha256:0'],
  ];
  for (const [words, said] of cases) {
    const { code, stdout, stderr } = await cli(['pull', ...words]);
    expect(stderr).toContain(said);
    expect([code, stdout]).toEqual([4, '']);
  }
});

test('more than --max-size is refused before the first byte, and an endless layer by what its manifest says', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const name = await attach(registry, workspace, 'a.json', 'b.json');
  registry.clearRequests();
  const small = await cli(['pull', name, '--output', workspace.path('out'), '--max-size', '30B']);
  expect([small.code, small.stderr]).toEqual([5, expect.stringContaining('34 B by their manifest, more than 30 B')]);
  expect(small.stderr).toContain('next: if so much is right, allow it with --max-size');
  expect(registry.requests.some(({ endpoint }) => endpoint === 'blob')).toBe(false);
  expect((await cli(['pull', name, '--output', workspace.path('out'), '--max-size', '34B'])).code).toBe(0);
});

test('an artifact without files writes none and says where to look', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const empty = Buffer.from('{}');
  const layer = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(empty), size: 2 };
  const image = buildImage({ layers: [empty] });
  const manifest = Buffer.from(
    JSON.stringify({ ...(JSON.parse(Buffer.from(image.manifest).toString()) as object), layers: [layer] }),
  );
  const descriptor = { ...image.descriptor, digest: digestOf(manifest), size: manifest.length };
  registry.store.add('team/app', { ...image, manifest, descriptor }, { tag: 'none' });
  const { code, stdout } = await cli(['pull', `${registry.host}/team/app:none`, '--output', workspace.path('out')]);
  expect(stdout).toContain('0 files\n  what it says is in its annotations: --manifest gives them\n');
  expect(code).toBe(0);
});

describe('a title from a registry', () => {
  const file = (title: string, content = title): Parameters<typeof nameFiles>[0][number] => ({
    mediaType: sbomType,
    digest: digestOf(Buffer.from(content)),
    size: 1,
    annotations: { 'org.opencontainers.image.title': title },
  });

  test.each([
    '',
    ' ',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '/etc/passwd',
    'x\u0000',
    'x\n',
    '\u001b[2J',
    'a\u202eb',
    '.bashrc',
    '-rf',
    '~',
    'CON',
    'nul.txt',
    'a:b',
    'a.',
    'a ',
    '．．／x',
    '－rf',
    'com¹',
    'CONIN$',
    '\u3164',
    '\u2800',
    'tag\u{e0041}',
    'x'.repeat(201),
    `sha256-${'a'.repeat(64)}`,
  ])('%j is no name: the digest is, and a warning says why', (title) => {
    const { files, warnings } = nameFiles([file(title)]);
    expect(files[0]?.name).toMatch(/^sha256-[a-f0-9]{64}$/);
    expect(warnings).toHaveLength(1);
    expect(escapeText(warnings[0] ?? '', 4096)).toBe(warnings[0]);
  });

  test('that two files have, in whatever letters, is the name of neither', () => {
    const { files, warnings } = nameFiles([
      file('SBOM.json', '1'),
      file('sbom.json', '2'),
      file('c.json'),
      file('c.json'),
    ]);
    expect(files.map(({ name }) => name.slice(0, 7))).toEqual(['sha256-', 'sha256-', 'c.json']);
    expect(warnings).toHaveLength(2);
    for (const [one, other] of [
      ['straße', 'STRASSE'],
      ['ſ.txt', 's.txt'],
      ['ａ.txt', 'A.txt'],
    ] as const) {
      expect(nameFiles([file(one, '1'), file(other, '2')]).warnings).toHaveLength(2);
    }
  });

  test('whatever they are, names are plain, and each is of one file', () => {
    const title = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('a', 'A', '../a', 'b.', '..'));
    fc.assert(
      fc.property(fc.array(fc.tuple(title, fc.string({ maxLength: 2 }))), (given) => {
        const { files } = nameFiles(given.map(([name, content]) => file(name, content)));
        const keys = files.map(({ name }) => name.normalize('NFC').toLowerCase());
        expect(new Set(keys).size).toBe(keys.length);
        for (const { name } of files) expect(name).toMatch(/^[^./\\~-][^/\\]*$/);
        const digests = new Set(given.map(([, content]) => digestOf(Buffer.from(content))));
        expect(new Set(files.map(({ descriptor }) => descriptor.digest))).toEqual(digests);
      }),
    );
  });
});
