import { createReadStream } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { exportBundle, ImportValidator, importBundle, isOciError, referrersTag } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openStage, repository, sbomType, useTemporaryFolder } from './setup.js';

describe('an image with its referrers, carried from one registry to another', () => {
  it.each([
    ['with the referrers API', 'bundle.tgz', true, 'api'],
    ['without the referrers API', 'bundle.tgz', false, 'tag-schema'],
    ['without the referrers API, from a plain tar', 'bundle.tar', false, 'tag-schema'],
  ])('arrives complete at a registry %s', async (_name, file, referrersApi, source) => {
    await using stage = await openStage({ referrersApi });
    const bundle = await stage.exportTo(file);

    expect(await new ImportValidator({ checkReferrers: true }).validate(bundle)).toMatchObject({
      ok: true,
      findings: [],
    });
    const report = await importBundle(bundle, { resolver: stage.resolver, to: stage.target.host });

    const before = await stage.closureAt(stage.source);
    const after = await stage.closureAt(stage.target);
    expect([...after.nodes.keys()].sort()).toEqual([...before.nodes.keys()].sort());
    expect(before.nodes.size).toBe(6);
    const [image] = report.images;
    expect(image?.target).toBe(`${stage.target.host}/${repository}:v1`);
    expect(image?.transfer?.subjects).toContainEqual({
      subject: stage.family.index.descriptor.digest,
      source,
      carried: 1,
      listed: 1,
    });
  });

  it('is found again from a registry without the API when that was the source', async () => {
    await using stage = await openStage({}, { referrersApi: false });
    const { family, source } = stage;
    const list = (subject: typeof family.index, ...referrers: (typeof family.index)[]): void => {
      source.store.setReferrersTag(
        repository,
        subject.descriptor,
        referrers.map(({ descriptor }) => descriptor),
      );
    };
    list(family.index, family.sbom);
    list(family.sbom, family.sbomSignature);
    const arm64 = family.index.children[1];
    if (arm64 === undefined) throw new Error('no platform');
    list(arm64, family.platformProvenance);

    const bundle = await stage.exportTo('bundle.tgz');
    await importBundle(bundle, { resolver: stage.resolver, to: stage.target.host });
    expect((await stage.closureAt(stage.target)).nodes.size).toBe(6);
  });

  it("arrives with cosign's older tags, and they point to the same signature there", async () => {
    await using stage = await openStage({ referrersApi: false });
    const tag = `${referrersTag(stage.family.index.descriptor.digest)}.sig`;
    const signature = buildImage({ layers: [Buffer.from('cosign signature')] });
    stage.source.store.add(repository, signature, { tag });
    const bundle = stage.path('bundle.tgz');
    await exportBundle(stage.resolver, [stage.reference], { output: bundle, legacyTags: true });
    await importBundle(bundle, { resolver: stage.resolver, to: stage.target.host });
    const pusher = await stage.resolver.pusher(`${stage.target.host}/${repository}:v1`);
    expect((await pusher.resolveTag(tag))?.digest).toBe(signature.descriptor.digest);
  });

  it('leaves nothing to do the second time', async () => {
    await using stage = await openStage({ referrersApi: false });
    const bundle = await stage.exportTo('bundle.tgz');
    await importBundle(bundle, { resolver: stage.resolver, to: stage.target.host });
    const again = await importBundle(bundle, { resolver: stage.resolver, to: stage.target.host });
    expect(again.images[0]?.transfer).toMatchObject({ uploaded: 0, uploadedBytes: 0 });
  });

  it('keeps referrers the target had before', async () => {
    await using stage = await openStage({ referrersApi: false });
    const bundle = await stage.exportTo('bundle.tgz');
    const own = buildArtifact({ artifactType: sbomType, subject: stage.family.index.descriptor, content: 'their own' });
    stage.target.store.add(repository, stage.family.index);
    stage.target.store.add(repository, own);
    stage.target.store.setReferrersTag(repository, stage.family.index.descriptor, [own.descriptor]);

    const report = await importBundle(bundle, { resolver: stage.resolver, to: stage.target.host });

    expect(report.images[0]?.transfer?.subjects).toContainEqual(expect.objectContaining({ carried: 1, listed: 2 }));
  });

  it('can be read from a stream, which leaves no temporary file behind', async () => {
    await using stage = await openStage();
    const bundle = await stage.exportTo('bundle.tgz');
    await using temporary = await useTemporaryFolder();
    await importBundle(createReadStream(bundle), { resolver: stage.resolver, to: stage.target.host });
    expect((await stage.closureAt(stage.target)).nodes.size).toBe(6);
    expect(await readdir(temporary.path)).toEqual([]);
  });
});

describe('the order of an import', () => {
  it('puts children before their index, a subject before its referrers, and the tag last', async () => {
    await using stage = await openStage();
    const bundle = await stage.exportTo('bundle.tgz');
    await importBundle(bundle, { resolver: stage.resolver, to: stage.target.host });
    const puts = stage.target.requests.filter(({ method, endpoint }) => method === 'PUT' && endpoint === 'manifest');
    const order = puts.map((request) => request.reference ?? '');
    const { family } = stage;
    const at = (digest: string): number => order.indexOf(digest);
    for (const child of family.index.children)
      expect(at(child.descriptor.digest)).toBeLessThan(at(family.index.descriptor.digest));
    expect(at(family.index.descriptor.digest)).toBeLessThan(at(family.sbom.descriptor.digest));
    expect(at(family.sbom.descriptor.digest)).toBeLessThan(at(family.sbomSignature.descriptor.digest));
    expect(order.at(-1)).toBe('v1');
  });

  it('does not move the tag when a push fails on the way, and finishes when run again', async () => {
    let isBroken = true;
    await using stage = await openStage({
      rewrite: (request, answer) =>
        isBroken && request.method === 'PUT' && request.endpoint === 'manifest' && request.reference !== 'v1'
          ? { status: 500, headers: {} }
          : answer,
    });
    const bundle = await stage.exportTo('bundle.tgz');
    await expect(importBundle(bundle, { resolver: stage.resolver, to: stage.target.host })).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      status: 500,
    });
    expect([...stage.target.store.repository(repository).tags.keys()]).toEqual([]);
    isBroken = false;
    await importBundle(bundle, { resolver: stage.resolver, to: stage.target.host });
    expect((await stage.closureAt(stage.target)).nodes.size).toBe(6);
  });

  it('ends with an error when the target takes referrers and does not list them', async () => {
    await using stage = await openStage({
      rewrite: (request, answer) =>
        request.endpoint === 'referrers'
          ? {
              ...answer,
              body: Buffer.from(
                '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}',
              ),
            }
          : answer,
    });
    const bundle = await stage.exportTo('bundle.tgz');
    await expect(importBundle(bundle, { resolver: stage.resolver, to: stage.target.host })).rejects.toMatchObject({
      code: 'ERR_OCI_TRANSFER_UNVERIFIED',
    });
  });
});

describe('an import that is refused', () => {
  it('pushes nothing from a bundle in which one byte was changed, and names the referrer', async () => {
    await using stage = await openStage();
    const bundle = await stage.exportTo('bundle.tgz');
    const bytes = await readFile(bundle);
    const at = bytes.indexOf(stage.family.sbom.manifest) + 30;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(bundle, bytes);

    const error = await importBundle(bundle, { resolver: stage.resolver, to: stage.target.host }).catch(
      (caught: unknown) => caught,
    );

    expect(isOciError(error, 'ERR_OCI_BUNDLE_INVALID')).toBe(true);
    expect(error).toMatchObject({
      report: {
        findings: expect.arrayContaining([
          expect.objectContaining({
            code: 'ReferrerChecksumMismatch',
            subject: stage.family.index.descriptor.digest,
            digest: stage.family.sbom.descriptor.digest,
            expected: expect.any(String) as string,
            actual: expect.any(String) as string,
            path: expect.stringContaining('referrers/') as string,
            image: expect.stringContaining(repository) as string,
          }),
        ]) as unknown,
      },
    });
    expect(stage.target.requests).toEqual([]);
  });

  it('does not move a tag that points elsewhere when tags are kept', async () => {
    await using stage = await openStage();
    const bundle = await stage.exportTo('bundle.tgz');
    const other = buildImage({ layers: [Buffer.from('other')] });
    stage.target.store.add(repository, other, { tag: 'v1' });
    const options = { resolver: stage.resolver, to: stage.target.host };
    await expect(importBundle(bundle, { ...options, keepTags: true })).rejects.toMatchObject({
      code: 'ERR_OCI_TRANSFER_REFUSED',
      message: expect.stringContaining(other.descriptor.digest) as string,
    });
    expect(stage.target.requests.filter(({ method }) => method !== 'HEAD' && method !== 'GET')).toEqual([]);
    const report = await importBundle(bundle, options);
    expect(report.images[0]?.transfer?.previousDigest).toBe(other.descriptor.digest);
  });

  it('pushes nothing in a dry run, and says where everything would go', async () => {
    await using stage = await openStage();
    const bundle = await stage.exportTo('bundle.tgz');
    const report = await importBundle(bundle, {
      resolver: stage.resolver,
      to: `${stage.target.host}/mirror`,
      dryRun: true,
    });
    expect(report.images.map((image) => image.target)).toEqual([`${stage.target.host}/mirror/${repository}:v1`]);
    expect(stage.target.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  });
});
