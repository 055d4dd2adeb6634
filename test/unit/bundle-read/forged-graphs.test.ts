import { buildArtifact, buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { blobPath, referrerPath } from '../../../src/bundle/entry-paths.js';
import type { FindingCode } from '../../../src/bundle/finding.js';
import type { BundleSubject } from '../../../src/bundle/record.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import { appReference, MemorySource, sbomType, signatureType } from '../bundle-write/helpers.js';
import { app, appBundle, bytesOf, codesOf, onlyFinding, validate } from './bundles.js';
import { type Forgery, forged, listOf, placeOf, put } from './forge.js';

const subject = app.image.descriptor.digest;
const other = buildImage({ layers: [Buffer.from('another image')] });
let bundle: Buffer;
beforeAll(async () => {
  bundle = await appBundle({ layoutReferrers: 'untagged' });
});

const codes = async (edit: (forgery: Forgery) => unknown): Promise<readonly FindingCode[]> =>
  codesOf(await validate(await forged(bundle, edit)));

/** Puts an image in with all its content. */
function putImage(forgery: Forgery, image: TestContent): void {
  put(forgery, Buffer.from(image.manifest), image.descriptor.mediaType);
  for (const { bytes } of image.blobs) put(forgery, Buffer.from(bytes));
}

/** A list that counts right. */
function emptyList(of: string, reference: string): BundleSubject {
  const discovery = { source: 'api', host: 'h', complete: true, found: 0, included: 0, filtered: 0 } as const;
  return { subject: of, reference, discovery, artifacts: [] };
}

describe('what a forged record calls a manifest', () => {
  it('must be one, so that index.json can be compared', async () => {
    const junk = Buffer.from('{ }');
    const hide = (forgery: Forgery): void => {
      const digest = put(forgery, junk);
      const path = referrerPath(subject, digest);
      forgery.contents.set(path, junk);
      const list = listOf(forgery, subject);
      const claim = { mediaType: 'application/json', artifactType: signatureType, category: 'signature' } as const;
      list.artifacts.push({ digest, size: junk.length, path, sha256: placeOf(junk).digest.slice(7), ...claim });
      list.artifacts.sort((a, b) => (a.digest < b.digest ? -1 : 1));
      list.discovery.included = 2;
      putImage(forgery, other);
      const { mediaType, digest: evil, size } = other.descriptor;
      const annotations = { 'org.opencontainers.image.ref.name': '1.2' };
      const manifests = [{ mediaType, digest: evil, size, annotations }];
      forgery.indexJson = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    };
    expect(await codes(hide)).toContain('BundleRecordInvalid');
  });

  it.each(['a/b', 'application/json', mediaTypes.ociLayer])('must be one: an image of type %s', async (mediaType) => {
    expect(
      await codes(({ record }) => {
        for (const image of record.images) image.mediaType = mediaType;
      }),
    ).toContain('BundleRecordInvalid');
  });

  it('must be in the bundle, and not merely be called external', async () => {
    const external = (forgery: Forgery): void => {
      const { digest, size } = app.image.descriptor;
      forgery.contents.delete(blobPath(digest));
      forgery.record.external.push({ digest, size, reason: 'delta' });
    };
    expect(await codes(external)).toContain('OciManifestInvalid');
  });
});

describe('a layer with the media type of a manifest', () => {
  const payload = Buffer.from('{"schemaVersion":2,"config":{},"layers":"this is a file, whatever it says"}');
  const withLayer = (image: TestContent, layer: Buffer): Buffer => {
    const manifest = JSON.parse(Buffer.from(image.manifest).toString()) as { layers: unknown[] };
    manifest.layers.push({ mediaType: mediaTypes.ociManifest, digest: placeOf(layer).digest, size: layer.length });
    return Buffer.from(JSON.stringify(manifest));
  };

  it('is a blob: it is exported, and valid', async () => {
    const artifact = buildArtifact({ artifactType: sbomType, subject: app.image.descriptor, content: 'x' });
    const manifest = withLayer(artifact, payload);
    const { digest } = placeOf(manifest);
    const blob = {
      bytes: payload,
      descriptor: { mediaType: 'x/y', digest: placeOf(payload).digest, size: payload.length },
    };
    const carrying: TestContent = {
      ...artifact,
      descriptor: { ...artifact.descriptor, digest, size: manifest.length },
      manifest,
      blobs: [...artifact.blobs, blob],
    };
    const source = new MemorySource([app.image, carrying]);
    const writer = new BundleWriter({ compression: 'none' });
    writer.add({ source, reference: appReference, descriptor: app.image.descriptor });
    const report = await validate(await bytesOf(writer), { strict: true });
    expect(report.findings).toEqual([]);
    expect(report.subjects[0]).toMatchObject({ subject, expected: 1, ok: 1 });
    const { entries } = await writer.plan();
    expect(entries.find(({ path }) => path === blobPath(blob.descriptor.digest))).toMatchObject({
      size: payload.length,
    });
  });

  it('must be there like any other', async () => {
    const manifest = withLayer(app.image, payload);
    const add = (forgery: Forgery): void => {
      const digest = put(forgery, manifest, mediaTypes.ociManifest);
      const [image] = forgery.record.images;
      if (image === undefined) throw new Error('the fixture has no image');
      const named = { reference: 'registry.example.com/zz/app:1', digest, size: manifest.length };
      forgery.record.images.push({ ...image, ...named });
    };
    expect(await codes(add)).toEqual(['BlobMissing']);
  });
});

describe('a list of referrers that an import would never reach', () => {
  it('is told when it belongs to another repository', async () => {
    const move = ({ record }: Forgery): void => {
      for (const list of record.referrers.subjects) list.reference = 'other.example.com/x:1';
    };
    expect(await codes(move)).toContain('BundleRecordInvalid');
  });

  it('is told when it belongs to another image, whose repository does not lead there', async () => {
    const move = (forgery: Forgery): void => {
      const reference = 'registry.example.com/zz/app:1';
      const { mediaType, digest, size } = other.descriptor;
      putImage(forgery, other);
      forgery.record.images.push({ reference, mediaType, digest, size, platforms: { included: [], missing: [] } });
      listOf(forgery, subject).reference = reference;
    };
    const report = await validate(await forged(bundle, move));
    expect(report.findings).toMatchObject([
      // The image keeps no list, so the one of its SBOM is not reached either.
      { ruleId: 'lists', code: 'BundleRecordInvalid', subject: app.sbom.descriptor.digest },
      { ruleId: 'lists', code: 'BundleRecordInvalid', subject: app.signature.descriptor.digest },
      { ruleId: 'lists', code: 'BundleRecordInvalid', subject },
    ]);
  });

  it('is told when no image leads to its subject', async () => {
    const add = ({ record }: Forgery): number =>
      record.referrers.subjects.push({ ...emptyList(other.descriptor.digest, appReference), artifacts: [] });
    expect(onlyFinding(await validate(await forged(bundle, add)))).toMatchObject({
      ruleId: 'lists',
      code: 'BundleRecordInvalid',
      subject: other.descriptor.digest,
      image: appReference,
    });
  });
});

describe('an image of a forged record', () => {
  it('must be there', async () => {
    const drop = (forgery: Forgery): void => {
      forgery.record.images.length = 0;
      forgery.record.referrers.subjects.length = 0;
      forgery.contents.clear();
    };
    expect(await codes(drop)).toEqual(['BundleRecordInvalid']);
  });

  it.each([
    ['that it is made for', { included: ['plan9/mips'], missing: [] }],
    ['that are missing', { included: [], missing: ['linux/amd64'] }],
  ])('cannot invent platforms %s', async (_name, platforms) => {
    const invent = ({ record }: Forgery): void => {
      for (const image of record.images) image.platforms = platforms;
    };
    expect(onlyFinding(await validate(await forged(bundle, invent)))).toMatchObject({
      code: 'BundleRecordInvalid',
      image: appReference,
      expected: 'included none; missing none',
    });
  });

  it.each([
    ['a name written another way', 'registry.example.com/team/app:1.2', 'index.docker.io/library/app'],
    ['another digest', appReference, `${appReference}@${app.sbom.descriptor.digest}`],
  ])('cannot have %s', async (_name, from, to) => {
    const rename = ({ record }: Forgery): void => {
      for (const one of [...record.images, ...record.referrers.subjects])
        if (one.reference === from) one.reference = to;
    };
    expect(await codes(rename)).toEqual(['BundleRecordInvalid']);
  });

  it('cannot share its tag with another image', async () => {
    const add = (forgery: Forgery): void => {
      const { mediaType, digest, size } = other.descriptor;
      putImage(forgery, other);
      const reference = `${appReference}@${digest}`;
      forgery.record.images.push({ reference, mediaType, digest, size, platforms: { included: [], missing: [] } });
    };
    expect(await codes(add)).toEqual(['BundleRecordInvalid']);
  });
});

it('a platform that only another image of the bundle brought in is named as included', async () => {
  const build = (architecture: string): TestContent =>
    buildImage({ layers: [Buffer.from(architecture)], platform: { os: 'linux', architecture } });
  const [arm, amd] = [build('arm64'), build('amd64')];
  const [both, armOnly] = [buildIndex([arm, amd]), buildIndex([arm])];
  const source = new MemorySource([both, armOnly]);
  const writer = new BundleWriter({ compression: 'none', platforms: ['linux/arm64'] });
  writer.add({ source, reference: 'registry.example.com/team/app:both', descriptor: both.descriptor });
  writer.add({ source, reference: 'registry.example.com/team/app:arm', descriptor: armOnly.descriptor });
  const report = await validate(await bytesOf(writer), { strict: true });
  expect(report.findings).toEqual([]);
  expect(report.bundle?.images.map(({ platforms }) => platforms)).toEqual([
    { included: ['linux/arm64'], missing: [] },
    { included: ['linux/arm64'], missing: ['linux/amd64'] },
  ]);
});
