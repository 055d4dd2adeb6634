import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, discoverReferrers, openLayout, referrersTag } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { sbomType, signatureType } from '../../support/artifact-types.js';
import { makeFifo } from '../../support/make-fifo.js';
import {
  blobPath,
  buildFamily,
  digests,
  entry,
  imageName,
  named,
  refName,
  temporaryDirectory,
  writeIndex,
  writeLayout,
} from './helpers.js';

const { index, platform, sbom, signature, provenance, all } = buildFamily();

/** A list of referrers as a tool writes it: an index, and the entry that leads to it. */
function listOf(subject: TestContent, referrers: readonly TestContent[], annotations?: Record<string, string>) {
  const list = buildIndex(referrers);
  return { list, entry: entry(list, annotations ?? { [refName]: referrersTag(subject.descriptor.digest) }) };
}

describe('referrers in a layout of another tool are all found', () => {
  const lists = [listOf(index, [sbom]), listOf(sbom, [signature]), listOf(platform, [provenance])];
  const annotated = (key: string) =>
    [
      [index, sbom],
      [sbom, signature],
      [platform, provenance],
    ].map(([subject, referrer]) =>
      listOf(subject as TestContent, [referrer as TestContent], { [key]: (subject as TestContent).descriptor.digest }),
    );
  it.each([
    ['oras', [entry(sbom), entry(signature), entry(provenance)], []],
    ['oras, with every manifest listed', [...all, ...index.children].map((content) => entry(content)), []],
    ['regclient', lists.map((one) => one.entry), lists.map(({ list }) => list)],
    [
      'regclient, under full names',
      lists.map((one) => ({
        ...one.entry,
        annotations: { [refName]: `example.com/app:${one.entry.annotations?.[refName] ?? ''}` },
      })),
      lists.map(({ list }) => list),
    ],
    ...['org.opencontainers.image.referrer.subject', 'org.olareg.referrer.subject'].map(
      (key) => [key, annotated(key).map((one) => one.entry), annotated(key).map(({ list }) => list)] as const,
    ),
  ] as const)('as %s writes it', async (_tool, entries, content) => {
    const root = await writeLayout([...all, ...content], [named(index, 'v1'), ...entries]);
    const layout = await openLayout(root);
    const { descriptor } = await layout.resolve('v1');
    const graph = await discoverReferrers(layout, descriptor);
    expect(graph.warnings).toEqual([]);
    expect(digests(graph.subjects.flatMap(({ referrers }) => referrers))).toEqual(
      digests([sbom, signature, provenance].map((one) => one.descriptor)),
    );
    expect(new Set(graph.subjects.map(({ source }) => source))).toEqual(new Set(['layout']));
  });

  it('with the type their own manifest has, whatever a list says', async () => {
    const wrong = { ...entry(sbom), artifactType: signatureType, size: 1 };
    const list = buildIndex([{ ...sbom, descriptor: wrong }]);
    const root = await writeLayout(
      [...all, list],
      [named(index, 'v1'), named(list, referrersTag(index.descriptor.digest))],
    );
    const layout = await openLayout(root);
    const { referrers } = await layout.listReferrers(index.descriptor);
    expect(referrers).toEqual([sbom.descriptor]);
    expect((await layout.listReferrers(index.descriptor, { artifactTypes: [signatureType] })).referrers).toEqual([]);
    expect((await layout.listReferrers(index.descriptor, { artifactTypes: [sbomType] })).referrers).toHaveLength(1);
  });

  it("under cosign's older tags when they are asked for", async () => {
    const old = buildImage({ layers: [Buffer.from('signature')] });
    const tag = `${referrersTag(index.descriptor.digest)}.sig`;
    const root = await writeLayout([index, old], [named(index, 'v1'), named(old, tag)]);
    const layout = await openLayout(root);
    expect((await layout.listReferrers(index.descriptor)).legacy).toEqual([]);
    const { legacy } = await layout.listReferrers(index.descriptor, { legacyTags: true });
    expect(legacy.map((one) => [one.tag, one.descriptor.digest])).toEqual([[tag, old.descriptor.digest]]);
    expect(await layout.names()).toEqual(['v1']);
  });

  it('of a sha512 subject, whether its tag was cut or not', async () => {
    const image = buildImage({ algorithm: 'sha512' });
    const about = buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: 'x' });
    for (const tag of [referrersTag(image.descriptor.digest), image.descriptor.digest.replace(':', '-')]) {
      const { list } = listOf(image, [about]);
      const layout = await openLayout(await writeLayout([image, about, list], [named(image, 'v1'), named(list, tag)]));
      expect(digests((await layout.listReferrers(image.descriptor)).referrers)).toEqual([about.descriptor.digest]);
    }
  });
});

describe('a list that cannot be confirmed', () => {
  const subject = index.descriptor;
  it('because a manifest of index.json is missing is an error, never an empty list', async () => {
    const root = await writeLayout(all, [named(index, 'v1'), entry(sbom)]);
    await rm(blobPath(root, sbom.descriptor));
    await expect((await openLayout(root)).listReferrers(subject)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
      message: expect.stringContaining(sbom.descriptor.digest) as string,
    });
  });

  it('because what its list names is missing is an error too', async () => {
    const { list, entry: listed } = listOf(index, [sbom]);
    const root = await writeLayout([...all, list], [named(index, 'v1'), listed]);
    await rm(blobPath(root, sbom.descriptor));
    await expect((await openLayout(root)).listReferrers(subject)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_INCONSISTENT',
    });
  });

  it('because a manifest is broken is an error, also where only an index leads to it', async () => {
    const root = await writeLayout(all, [named(index, 'v1')]);
    await writeFile(blobPath(root, platform.descriptor), Buffer.alloc(platform.descriptor.size, ' '));
    await expect((await openLayout(root)).listReferrers(subject)).rejects.toMatchObject({
      code: 'ERR_OCI_DIGEST_MISMATCH',
    });
  });

  it('because an image has the name of the list is an error', async () => {
    const root = await writeLayout([index, platform], [named(platform, referrersTag(subject.digest))]);
    await expect((await openLayout(root)).listReferrers(subject)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_TAG_INVALID',
    });
  });

  it('because the subject is not there is an error where that was asked', async () => {
    const layout = await openLayout(await writeLayout([index], [named(index, 'v1')]));
    const stranger = buildImage({ layers: [Buffer.from('stranger')] }).descriptor;
    await expect(layout.listReferrers(stranger, { confirmSubject: true })).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
    });
    expect((await layout.listReferrers(subject, { confirmSubject: true })).referrers).toEqual([]);
  });

  it('is not one that lacks a platform nobody copied', async () => {
    const root = await writeLayout([index, sbom], [named(index, 'v1'), entry(sbom)]);
    await rm(blobPath(root, platform.descriptor));
    expect(digests((await (await openLayout(root)).listReferrers(subject)).referrers)).toEqual([
      sbom.descriptor.digest,
    ]);
  });

  it('is not one with an entry that names another subject, which is left out with a warning', async () => {
    const { list, entry: listed } = listOf(index, [sbom, signature]);
    const layout = await openLayout(await writeLayout([...all, list], [named(index, 'v1'), listed]));
    const { referrers, warnings } = await layout.listReferrers(subject);
    expect(digests(referrers)).toEqual([sbom.descriptor.digest]);
    expect(warnings.join()).toContain(signature.descriptor.digest);
  });
});

describe('a layout of several repositories', () => {
  it('lists for each what nobody else alone claims', async () => {
    const [one, two] = ['a.example/app', 'b.example/app'];
    const other = buildArtifact({ artifactType: signatureType, subject: index.descriptor, content: 'two' });
    const common = buildArtifact({ artifactType: signatureType, subject: index.descriptor, content: 'nobody' });
    const tag = referrersTag(index.descriptor.digest);
    const first = listOf(index, [sbom], { [refName]: `${one}:${tag}` });
    const second = listOf(index, [other], { [refName]: `${two}:${tag}` });
    const root = await writeLayout(
      [...all, other, common, first.list, second.list],
      [named(index, `${one}:v1`), named(index, `${two}:v1`), first.entry, second.entry, entry(common), entry(sbom)],
    );
    const layout = await openLayout(root);
    const listed = async (repository?: string): Promise<readonly string[]> =>
      digests((await layout.inRepository(repository).listReferrers(index.descriptor)).referrers);
    expect(await listed(one)).toEqual(digests([sbom.descriptor, common.descriptor]));
    expect(await listed(two)).toEqual(digests([other.descriptor, common.descriptor]));
    expect(await listed()).toEqual(digests([sbom.descriptor, other.descriptor, common.descriptor]));
    expect((await layout.resolve(`${two}:v1`)).repository).toBe(two);
  });
});

describe('a directory that is no layout', () => {
  const opened = async (root: string): Promise<unknown> => await openLayout(root);

  it.each([
    ['without oci-layout', undefined, 'it has no file oci-layout'],
    ['of another version', '{"imageLayoutVersion":"2.0.0"}', '2.0.0'],
    ['whose oci-layout is no JSON', '', 'strict JSON'],
    [
      'whose oci-layout says a thing twice',
      '{"imageLayoutVersion":"1.0.0","imageLayoutVersion":"1.0.0"}',
      'duplicate key',
    ],
  ])('%s is refused, and the error says why', async (_name, text, reason) => {
    const root = await writeLayout([index], [named(index, 'v1')]);
    if (text === undefined) await rm(join(root, 'oci-layout'));
    else await writeFile(join(root, 'oci-layout'), text);
    await expect(opened(root)).rejects.toMatchObject({
      code: 'ERR_OCI_LAYOUT_INVALID',
      message: expect.stringContaining(reason) as string,
    });
  });

  it.each([
    ['is missing', undefined],
    ['is no JSON', 'no'],
    ['is no index', '{"schemaVersion":2}'],
    [
      'names a digest that leads elsewhere',
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry(index), digest: 'sha256:../x' }] }),
    ],
  ])('because its index.json %s is refused', async (_name, text) => {
    const root = await writeLayout([index], []);
    if (text === undefined) await rm(join(root, 'index.json'));
    else await writeFile(join(root, 'index.json'), text);
    await expect(opened(root)).rejects.toMatchObject({ code: 'ERR_OCI_LAYOUT_INVALID' });
  });

  it('because its index.json would take gigabytes of memory is refused before it is parsed', async () => {
    const root = await writeLayout([index], []);
    await writeFile(join(root, 'index.json'), `{"schemaVersion":2,"manifests":[${'{},'.repeat(1_000_000)}{}]}`);
    await expect(opened(root)).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED', limitName: 'values' });
  });

  it.each(['oci-layout', 'index.json'])('whose %s is a named pipe keeps nobody waiting', async (name) => {
    const root = await writeLayout([index], []);
    await rm(join(root, name));
    makeFifo(join(root, name));
    await expect(opened(root)).rejects.toMatchObject({ code: 'ERR_OCI_LAYOUT_SOURCE' });
  });

  it('whose blob is a link is not read through it', async () => {
    const root = await writeLayout([index], [named(index, 'v1')]);
    const path = blobPath(root, index.descriptor);
    await rm(path);
    await writeFile(join(root, 'elsewhere'), index.manifest);
    await symlink('../../elsewhere', path);
    await expect((await openLayout(root)).resolve('v1')).rejects.toMatchObject({ code: 'ERR_OCI_LAYOUT_SOURCE' });
  });

  it('or is not there at all is an error', async () => {
    await expect(opened(join(await temporaryDirectory(), 'missing'))).rejects.toMatchObject({
      code: 'ERR_OCI_LAYOUT_INVALID',
    });
  });
});

describe('a name in a layout', () => {
  const full = 'registry.example.com:5000/team/app:v1';
  const open = async (...entries: readonly Descriptor[]) => await openLayout(await writeLayout(all, entries));

  it.each([
    ['its exact name', named(index, 'v1'), 'v1'],
    ['a name that is no tag', named(index, 'my image'), 'my image'],
    ['its full reference', named(index, full), full],
    ['the tag at the end of it', named(index, full), 'v1'],
    ["containerd's name", entry(index, { [refName]: 'v1', [imageName]: full }), full],
    ["containerd's name alone", entry(index, { [imageName]: full }), full],
    ['its digest', named(index, 'v1'), `@${index.descriptor.digest}`],
    ['the digest of a platform', named(index, 'v1'), `@${index.descriptor.digest}`],
    ['no name where there is one image', named(index, 'v1'), undefined],
  ])('may be %s', async (_name, listed, name) => {
    const layout = await open(listed, entry(sbom));
    expect((await layout.resolve(name)).descriptor).toEqual(entry(index));
  });

  it('is not needed for the one image that oras lists beside its platforms and referrers', async () => {
    const layout = await open(...[...all, ...index.children].map((content) => entry(content)));
    expect((await layout.resolve()).descriptor.digest).toBe(index.descriptor.digest);
    expect((await layout.resolve(platform.descriptor.digest)).descriptor).toEqual(entry(platform));
  });

  it('that fits two images, or none where there are several, is an error that lists them', async () => {
    const layout = await open(named(index, 'a.example/app:v1'), named(platform, 'b.example/app:v1'));
    for (const name of ['v1', undefined]) {
      await expect(layout.resolve(name)).rejects.toMatchObject({
        code: 'ERR_OCI_INVALID_REFERENCE',
        hint: 'it has a.example/app:v1, b.example/app:v1',
      });
    }
    await expect(layout.resolve('v2')).rejects.toMatchObject({
      code: 'ERR_OCI_NOT_FOUND',
      hint: 'it has a.example/app:v1, b.example/app:v1',
    });
  });

  it('is shown without control characters, and not by the thousand', async () => {
    const many = Array.from({ length: 1000 }, (_, at) => named(index, `name${at}\u001b[31m`));
    const root = await writeLayout(all, []);
    await writeIndex(root, many);
    const error: unknown = await (await openLayout(root)).resolve('v2').catch((reason: unknown) => reason);
    const { hint } = error as { hint: string };
    expect(hint).toMatch(/and 980 more$/);
    expect(hint).not.toContain('\u001b');
  });
});
