import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attachArtifact, discoverReferrers, type Layout, openLayout, referrersTag } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, type TestContent } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { sbomType } from '../../support/artifact-types.js';
import { makeFifo } from '../../support/make-fifo.js';
import {
  blobPath,
  buildFamily,
  digests,
  entry,
  imageName,
  named,
  readIndex,
  refName,
  temporaryDirectory,
  writeIndex,
  writeLayout,
} from './helpers.js';

const { index, platform, sbom, signature, provenance, all } = buildFamily();
const repository = 'registry.example.com/team/app';

async function push(layout: Layout, content: TestContent, tag?: string): Promise<void> {
  for (const child of content.children) await push(layout, child);
  for (const { descriptor, bytes } of content.blobs) await layout.push(descriptor, bytes);
  await layout.push(content.descriptor, content.manifest, { tag });
}

async function makeLayout(options: { repository?: string } = {}): Promise<{ root: string; layout: Layout }> {
  const root = join(await temporaryDirectory(), 'new', 'layout');
  return { root, layout: await openLayout(root, { create: true, ...options }) };
}

const namesIn = async (root: string): Promise<readonly (string | undefined)[]> =>
  (await readIndex(root)).map(({ annotations }) => annotations?.[refName]);

describe('a new layout', () => {
  it('is not there before the first push, and complete after it', async () => {
    const { root, layout } = await makeLayout({ repository });
    await expect(readdir(root)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await layout.names()).toEqual([]);
    for (const content of all) await push(layout, content, content === index ? 'v1' : undefined);
    expect(await readFile(join(root, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}\n');
    expect((await readdir(root)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
    const reread = await openLayout(root);
    expect(await reread.names()).toEqual(['v1']);
    const graph = await discoverReferrers(reread, (await reread.resolve()).descriptor);
    expect(graph.nodes.size).toBe(6);
  });

  it('shows referrers to oras and to regclient, and only the last list of each subject is kept', async () => {
    const { root, layout } = await makeLayout({ repository });
    const second = buildArtifact({ artifactType: sbomType, subject: index.descriptor, content: 'second' });
    for (const content of [...all, second]) await push(layout, content, content === index ? 'v1' : undefined);
    const entries = await readIndex(root);
    const untagged = entries.filter(({ annotations }) => annotations?.[refName] === undefined);
    expect(digests(untagged)).toEqual(digests([sbom, second, signature, provenance].map((one) => one.descriptor)));
    const list = entries.find(({ annotations }) => annotations?.[refName] === referrersTag(index.descriptor.digest));
    const { manifests } = JSON.parse(await readFile(blobPath(root, list ?? index.descriptor), 'utf8')) as {
      manifests: unknown[];
    };
    expect(manifests).toHaveLength(2);
    expect(manifests).toContainEqual(sbom.descriptor);
    const blobs = [index, platform, ...index.children, sbom, second, signature, provenance].flatMap((one) => [
      one.descriptor,
      ...one.blobs.map(({ descriptor }) => descriptor),
    ]);
    expect((await readdir(join(root, 'blobs/sha256'))).length).toBe(new Set(digests(blobs)).size + 3);
  });

  it('lists nothing twice, and a second push changes no byte', async () => {
    const { root, layout } = await makeLayout({ repository });
    for (const content of all) await push(layout, content, content === index ? 'v1' : undefined);
    const before = await readFile(join(root, 'index.json'), 'utf8');
    const again = await openLayout(root, { repository });
    for (const content of all) await push(again, content);
    expect(await readFile(join(root, 'index.json'), 'utf8')).toBe(before);
    expect(await again.push(sbom.descriptor, sbom.manifest)).toMatchObject({ uploaded: false, referrers: 'layout' });
  });

  it('keeps an image without a tag under its digest', async () => {
    const { root, layout } = await makeLayout({ repository });
    await push(layout, index);
    expect(await readIndex(root)).toEqual([]);
    await layout.keep(index.descriptor);
    const full = `${repository}@${index.descriptor.digest}`;
    expect(await readIndex(root)).toEqual([entry(index, { [refName]: full, [imageName]: full })]);
    expect((await layout.resolve(full)).descriptor.digest).toBe(index.descriptor.digest);
  });

  it('takes artifacts that are attached to what it holds', async () => {
    const { layout } = await makeLayout();
    await push(layout, index, 'v1');
    const attached = await attachArtifact(layout, index.descriptor, { artifactType: sbomType, files: [] });
    expect(digests((await layout.listReferrers(index.descriptor)).referrers)).toEqual([attached.digest]);
  });

  it('is not made where other files are', async () => {
    const root = await temporaryDirectory();
    await writeFile(join(root, 'notes.txt'), 'mine');
    await expect(openLayout(root, { create: true })).rejects.toMatchObject({ code: 'ERR_OCI_LAYOUT_INVALID' });
    expect(await readdir(root)).toEqual(['notes.txt']);
  });

  it('is made where a run that was killed had begun one', async () => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'blobs/sha256'), { recursive: true });
    const layout = await openLayout(root, { create: true });
    await push(layout, index, 'v1');
    expect(await (await openLayout(root)).names()).toEqual(['v1']);
  });

  it('that cannot be made is a fault with its path', async () => {
    const root = await temporaryDirectory();
    await writeFile(join(root, 'file'), '');
    await expect(openLayout(join(root, 'file', 'layout'), { create: true })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_OCI_LAYOUT_/) as string,
    });
  });
});

describe('a layout that is there already', () => {
  const other = buildImage({ layers: [Buffer.from('other')] });

  it('keeps everything in its index.json, fields nobody here knows included', async () => {
    const root = await writeLayout([other], []);
    const strange = { ...named(other, 'other'), platform: { os: 'x', architecture: 'y' }, data: 'e30=', custom: [1] };
    await writeIndex(root, [strange], { annotations: { kept: 'yes' }, another: true });
    await push(await openLayout(root), index, 'v1');
    const text = await readFile(join(root, 'index.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ annotations: { kept: 'yes' }, another: true });
    expect((await readIndex(root))[0]).toEqual(strange);
    expect(await namesIn(root)).toEqual(['other', 'v1']);
  });

  it('moves a tag, says what it pointed to, and keeps that listed', async () => {
    const root = await writeLayout([other], [named(other, 'v1')]);
    const layout = await openLayout(root);
    expect((await layout.resolveTag('v1'))?.digest).toBe(other.descriptor.digest);
    expect(await layout.resolveTag('v2')).toBeUndefined();
    await push(layout, index, 'v1');
    expect(await readIndex(root)).toEqual([entry(other), named(index, 'v1')]);
  });

  it('gets full names from the moment it holds a second repository', async () => {
    const { root, layout } = await makeLayout({ repository });
    await push(layout, index, 'v1');
    await push(layout.inRepository('b.example/other'), other, 'v1');
    await push(layout, other, 'v2');
    expect(await readIndex(root)).toEqual([
      entry(index, { [refName]: 'v1', [imageName]: `${repository}:v1` }),
      entry(other, { [refName]: 'b.example/other:v1', [imageName]: 'b.example/other:v1' }),
      entry(other, { [refName]: `${repository}:v2`, [imageName]: `${repository}:v2` }),
    ]);
    expect((await layout.inRepository(repository).resolveTag('v1'))?.digest).toBe(index.descriptor.digest);
    expect((await layout.resolve('b.example/other:v1')).repository).toBe('b.example/other');
  });

  it('adds to a list another tool has made, and leaves its entries as they are', async () => {
    const tag = referrersTag(index.descriptor.digest);
    const theirs = { ...entry(sbom), artifactType: 'their/type', custom: 'kept' };
    const list = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [theirs] }));
    const { digestOf } = await import('@stellaops/oci-referrers');
    const listed = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: digestOf(list), size: list.length };
    const root = await writeLayout([index, sbom], []);
    await writeFile(blobPath(root, listed), list);
    await writeIndex(root, [named(index, 'v1'), { ...listed, annotations: { [refName]: tag } }]);
    const second = buildArtifact({ artifactType: sbomType, subject: index.descriptor, content: 'second' });
    const layout = await openLayout(root);
    await push(layout, second);
    const now = (await readIndex(root)).find(({ annotations }) => annotations?.[refName] === tag);
    const { manifests } = JSON.parse(await readFile(blobPath(root, now ?? listed), 'utf8')) as { manifests: unknown[] };
    expect(manifests).toContainEqual(theirs);
    expect(manifests).toHaveLength(2);
    // Their list may still be of use to somebody.
    expect(await readFile(blobPath(root, listed))).toEqual(list);
    expect((await layout.listReferrers(index.descriptor)).referrers).toHaveLength(2);
  });

  it("lets no annotation of a referrer's own pass for a name", async () => {
    const { root, layout } = await makeLayout();
    const sly = buildArtifact({
      artifactType: sbomType,
      subject: index.descriptor,
      content: 'sly',
      annotations: {
        [refName]: 'v1',
        [imageName]: 'a.example/app:v1',
        'org.olareg.referrer.subject': 'x',
        kept: 'yes',
      },
    });
    await push(layout, index, 'v1');
    await push(layout, sly);
    expect((await layout.resolve('v1')).descriptor.digest).toBe(index.descriptor.digest);
    expect((await readIndex(root)).find(({ digest }) => digest === sly.descriptor.digest)?.annotations).toEqual({
      kept: 'yes',
    });
  });
});

describe('several writers of one layout', () => {
  it('lose nothing of each other', async () => {
    const { root } = await makeLayout();
    const image = buildImage();
    await push(await openLayout(root, { create: true }), image, 'v1');
    const artifacts = Array.from({ length: 12 }, (_, at) =>
      buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: String(at) }),
    );
    await Promise.all(
      artifacts.map(async (artifact, at) => {
        const layout = await openLayout(root);
        await push(layout, artifact, `tag${at}`);
      }),
    );
    const layout = await openLayout(root);
    expect((await layout.listReferrers(image.descriptor)).referrers).toHaveLength(12);
    expect(await layout.names()).toHaveLength(13);
    expect((await readdir(root)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('push referrers of several subjects at once, and one list of each is left', async () => {
    const { root, layout } = await makeLayout({ repository });
    await push(layout, index, 'v1');
    const lists = [index, platform, sbom].map(({ descriptor: subject }) =>
      Array.from({ length: 15 }, (_, at) => buildArtifact({ artifactType: sbomType, subject, content: String(at) })),
    );
    const blobsOf = async (): Promise<number> => (await readdir(join(root, 'blobs/sha256'))).length;
    await push(layout, sbom);
    for (const { descriptor, bytes } of lists.flat().flatMap(({ blobs }) => blobs))
      await layout.push(descriptor, bytes);
    const before = await blobsOf();
    await Promise.all(lists.flat().map(({ descriptor, manifest }) => layout.push(descriptor, manifest)));
    for (const list of lists) {
      const { subject } = JSON.parse(String(list[0]?.manifest)) as { subject: typeof index.descriptor };
      const { referrers } = await layout.listReferrers(subject);
      const expected = subject.digest === index.descriptor.digest ? [sbom, ...list] : list;
      expect(digests(referrers)).toEqual(digests(expected.map(({ descriptor }) => descriptor)));
    }
    // The index had a list before, for its SBOM.
    expect(await blobsOf()).toBe(before + 45 + 2);
  });

  it('hear nothing of a list that is broken when theirs is another one', async () => {
    const tag = referrersTag(platform.descriptor.digest);
    const root = await writeLayout([index], [named(index, 'v1'), named(platform, tag)]);
    const layout = await openLayout(root);
    const outcomes = await Promise.allSettled(
      [sbom, provenance, signature].map(({ descriptor, manifest }) => layout.push(descriptor, manifest)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'ERR_OCI_LAYOUT_INVALID' } });
  });

  it('do not wait for one that was killed', async () => {
    const root = await writeLayout([index], [named(index, 'v1')]);
    const lock = join(root, '.index.json.lock');
    await writeFile(lock, '');
    await utimes(lock, 0, 0);
    await push(await openLayout(root), platform, 'v2');
    expect(await namesIn(root)).toEqual(['v1', 'v2']);
    expect(await readdir(root)).not.toContain('.index.json.lock');
  });

  it('give up waiting when their signal fires, with its reason', async () => {
    const root = await writeLayout([index], [named(index, 'v1')]);
    await writeFile(join(root, '.index.json.lock'), `00000000-1-abc-00000000`);
    const reason = new Error('enough');
    const signal = AbortSignal.timeout(50);
    const abort = new AbortController();
    signal.addEventListener('abort', () => {
      abort.abort(reason);
    });
    const layout = await openLayout(root);
    await expect(layout.tag(index.descriptor, 'v2', { signal: abort.signal })).rejects.toBe(reason);
    expect(await namesIn(root)).toEqual(['v1']);
  });

  it.each<[string, (lock: string) => unknown]>([
    ['a named pipe', makeFifo],
    ['a link to nothing', (lock) => symlink('/nowhere/at/all', lock)],
    ['a directory', (lock) => mkdir(lock)],
  ])('do not hang on a lock that is %s', async (_name, make) => {
    const root = await writeLayout([index], [named(index, 'v1')]);
    await make(join(root, '.index.json.lock'));
    const signal = AbortSignal.timeout(3_000);
    await expect((await openLayout(root)).tag(index.descriptor, 'v2', { signal })).rejects.toMatchObject({
      code: 'ERR_OCI_LAYOUT_OUTPUT',
    });
  });
});
