import { type Descriptor, digestOf } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { describeSpec } from './support/spec-peers.js';
import { type Answer, ask, codesOf, emptyBlob, endOf, ociTypes, type Wire } from './support/wire.js';

// What distribution-spec v1.1.1 says about pushing manifests, in tests of our own and in plain HTTP; see docs/decisions/0004.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests

const artifactType = 'application/vnd.example.scan+json';
const image = { schemaVersion: 2, mediaType: ociTypes.manifest, config: emptyBlob, layers: [emptyBlob] };
const noImage = { mediaType: ociTypes.index, config: undefined, layers: undefined };
const megabyte = 1024 * 1024;

describeSpec('pushing manifests', ({ wire }) => {
  const putBytes = async (
    reference: string,
    bytes: Buffer,
    type: string = ociTypes.manifest,
    where: Wire = wire(),
  ): Promise<Answer> =>
    await ask(where.manifestUrl(reference), { method: 'PUT', headers: { 'content-type': type }, body: bytes });

  const expectManifest = async (url: string | URL, bytes: Buffer, type: string = ociTypes.manifest): Promise<void> => {
    const { response, body } = await ask(url, { headers: { accept: type } });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
    expect(body.equals(bytes)).toBe(true);
  };

  it('keeps a manifest to the letter, by tag and by digest, and says where it is', async () => {
    const bytes = Buffer.from(
      `\n{ "schemaVersion":2,${JSON.stringify(image).slice(1, -1)}, "x-ключ": "\\u00e9é" }\t\n`,
    );
    const digest = digestOf(bytes);
    for (const reference of ['v1', digest]) {
      const answer = await putBytes(reference, bytes);
      expect([answer.response.status, answer.response.headers.get('docker-content-digest')]).toEqual([201, digest]);
      await expectManifest(endOf(answer), bytes);
      await expectManifest(wire().manifestUrl(reference), bytes);
    }
  });

  it('moves a tag, and keeps what it pointed to', async () => {
    const [older, newer] = [{}, { 'org.example.version': '2' }].map((annotations) =>
      Buffer.from(JSON.stringify({ ...image, annotations })),
    ) as [Buffer, Buffer];
    for (const bytes of [older, newer]) expect((await putBytes('latest', bytes)).response.status).toBe(201);
    await expectManifest(wire().manifestUrl('latest'), newer);
    await expectManifest(wire().manifestUrl(digestOf(older)), older);
  });

  it('does not mind parameters of a Content-Type, and gives none', async () => {
    const bytes = Buffer.from(JSON.stringify(image));
    expect((await putBytes('v1', bytes, `${ociTypes.manifest}; charset=utf-8`)).response.status).toBe(201);
    await expectManifest(wire().manifestUrl('v1'), bytes);
  });

  it('refuses a manifest under another digest', async () => {
    const digest = digestOf(Buffer.from('something else'));
    const answer = await putBytes(digest, Buffer.from(JSON.stringify(image)));
    expect([answer.response.status, codesOf(answer)]).toEqual([400, ['DIGEST_INVALID']]);
    expect((await ask(wire().manifestUrl(digest))).response.status).toBe(404);
  });

  it('refuses what is no JSON', async () => {
    const answer = await putBytes('v1', Buffer.from('no manifest'));
    expect([answer.response.status, codesOf(answer)]).toEqual([400, ['MANIFEST_INVALID']]);
  });

  it.each(['config', 'layers'])(
    'takes a manifest whose %s is missing, or says MANIFEST_BLOB_UNKNOWN',
    async (field) => {
      const missing: Descriptor = {
        mediaType: ociTypes.empty,
        digest: digestOf(Buffer.from(field)),
        size: field.length,
      };
      const bytes = Buffer.from(JSON.stringify({ ...image, [field]: field === 'layers' ? [missing] : missing }));
      const answer = await putBytes('v1', bytes);
      expect([201, 400, 404]).toContain(answer.response.status);
      if (answer.response.status !== 201) expect(new Set(codesOf(answer))).toEqual(new Set(['MANIFEST_BLOB_UNKNOWN']));
    },
  );

  it('takes a manifest of 4 megabytes', async () => {
    const bare = Buffer.byteLength(JSON.stringify({ ...image, annotations: { pad: '' } }));
    const pad = 'x'.repeat(4 * megabyte - bare);
    const bytes = Buffer.from(JSON.stringify({ ...image, annotations: { pad } }));
    expect(bytes).toHaveLength(4 * megabyte);
    expect((await putBytes('large', bytes)).response.status).toBe(201);
    await expectManifest(wire().manifestUrl('large'), bytes);
  });

  it('answers 413 to a manifest that is too large', async () => {
    const bytes = Buffer.from(JSON.stringify({ ...image, annotations: { pad: 'x'.repeat(16 * megabyte) } }));
    expect((await putBytes('too-large', bytes)).response.status).toBe(413);
  });

  it.each([
    ['an artifact with an empty config', { artifactType }],
    ['an artifact with no layers', { artifactType, layers: [] }],
    ['an index of nothing', { ...noImage, manifests: [] }],
    ['an index that is an artifact', { ...noImage, artifactType, manifests: [] }],
  ])('takes %s', async (_, fields) => {
    const { response, descriptor, bytes } = await wire().put(fields);
    expect(response.status).toBe(201);
    await expectManifest(wire().manifestUrl(descriptor.digest), bytes, descriptor.mediaType);
  });

  it('takes an index of images and of an index', async () => {
    const { descriptor: child } = await wire().put({});
    const { descriptor: inner } = await wire().put({ ...noImage, manifests: [child] });
    const { response, descriptor, bytes } = await wire().put({ ...noImage, manifests: [child, inner] });
    expect(response.status).toBe(201);
    await expectManifest(wire().manifestUrl(descriptor.digest), bytes, ociTypes.index);
  });

  it('lists an index with a subject by its own type and annotations', async () => {
    const { descriptor: subject } = await wire().put({});
    const { descriptor: child } = await wire().put({ artifactType });
    const annotations = { 'org.example.of': 'an index' };
    const sent = await wire().put({ ...noImage, artifactType, manifests: [child], subject, annotations });
    expect([sent.response.status, sent.response.headers.get('oci-subject')]).toEqual([201, subject.digest]);
    expect(await wire().list(subject.digest)).toEqual([{ ...sent.descriptor, artifactType, annotations }]);
  });

  it('takes an index whose child is missing, or says MANIFEST_BLOB_UNKNOWN', async () => {
    const child = { mediaType: ociTypes.manifest, digest: digestOf(Buffer.from('no child')), size: 8 };
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociTypes.index, manifests: [child] }));
    const answer = await putBytes('v1', bytes, ociTypes.index);
    expect([201, 400, 404]).toContain(answer.response.status);
    if (answer.response.status !== 201) expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN']);
  });

  it('takes a layer that is kept elsewhere', async () => {
    const layer = {
      mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      digest: digestOf(Buffer.from('kept elsewhere')),
      size: 14,
      urls: ['https://example.com/layer'],
    };
    expect((await wire().put({ layers: [layer] })).response.status).toBe(201);
  });
});
