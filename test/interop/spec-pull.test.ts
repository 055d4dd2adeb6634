import { digestOf } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { describeSpec } from './support/spec-peers.js';
import { ask, codesOf, emptyBlob, ociTypes } from './support/wire.js';

// What distribution-spec v1.1.1 says about pulling, in tests of our own and in plain HTTP; see docs/decisions/0004.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pull

const bytes = Buffer.from('0123456789 and some more bytes of a blob');
const unknown = digestOf(Buffer.from('never pushed'));
const accept = { accept: `${ociTypes.manifest}, ${ociTypes.index}` };

describeSpec('pulling', ({ wire, another }) => {
  /** What HEAD and GET say of themselves, and what GET gives. */
  const both = async (url: string, expected: { digest: string; type: string; bytes: Buffer }): Promise<void> => {
    const [head, get] = [await ask(url, { method: 'HEAD', headers: accept }), await ask(url, { headers: accept })];
    for (const { response } of [head, get]) {
      expect(response.status).toBe(200);
      expect(response.headers.get('docker-content-digest')).toBe(expected.digest);
      expect(response.headers.get('content-type')).toBe(expected.type);
      expect(response.headers.get('content-length')).toBe(String(expected.bytes.length));
    }
    expect(head.body).toHaveLength(0);
    expect(get.body).toEqual(expected.bytes);
  };

  it('answers 200 to the question whether it is a registry', async () => {
    expect((await ask(new URL('/v2/', wire().url('')))).response.status).toBe(200);
  });

  it.each(['sha256', 'sha512'] as const)('says the same of a blob to HEAD and GET, under %s', async (algorithm) => {
    const digest = await wire().pushBlob(bytes, algorithm);
    await both(wire().url(`blobs/${digest}`), { digest, type: 'application/octet-stream', bytes });
  });

  it.each(['sha256', 'sha512'] as const)('says the same of a manifest to HEAD and GET, under %s', async (algorithm) => {
    const { descriptor, bytes: manifest, response } = await wire().put({}, algorithm);
    expect(response.headers.get('docker-content-digest')).toBe(descriptor.digest);
    const expected = { digest: descriptor.digest, type: ociTypes.manifest, bytes: manifest };
    await both(wire().manifestUrl(descriptor.digest), expected);
  });

  it('says the same of a tag to HEAD and GET as of what it points to, image and index', async () => {
    for (const type of [ociTypes.manifest, ociTypes.index]) {
      const manifest = Buffer.from(
        type === ociTypes.index
          ? JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [] })
          : JSON.stringify({ schemaVersion: 2, mediaType: type, config: emptyBlob, layers: [] }),
      );
      const url = wire().manifestUrl('v1');
      const { response } = await ask(url, { method: 'PUT', headers: { 'content-type': type }, body: manifest });
      expect(response.status).toBe(201);
      await both(url, { digest: digestOf(manifest), type, bytes: manifest });
    }
  });

  it.each([
    ['bytes=0-9', 0, 9],
    ['bytes=11-', 11, bytes.length - 1],
    ['bytes=-4', bytes.length - 4, bytes.length - 1],
    ['bytes=10-100000', 10, bytes.length - 1],
  ])('gives the range %s of a blob, and says which it is', async (range, first, last) => {
    const digest = await wire().pushBlob(bytes);
    const { response, body } = await ask(wire().url(`blobs/${digest}`), { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/${bytes.length}`);
    expect(response.headers.get('content-length')).toBe(String(last - first + 1));
    expect(body).toEqual(bytes.subarray(first, last + 1));
  });

  it('answers 416 to a range behind the end of a blob, and says how long it is', async () => {
    const digest = await wire().pushBlob(bytes);
    const range = `bytes=${bytes.length}-`;
    const { response } = await ask(wire().url(`blobs/${digest}`), { headers: { range } });
    expect([response.status, response.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`]);
  });

  const missing: readonly (readonly [string, string, readonly string[]])[] = [
    ['blob', `blobs/${unknown}`, ['BLOB_UNKNOWN']],
    ['manifest', `manifests/${unknown}`, ['MANIFEST_UNKNOWN']],
    ['tag', 'manifests/never-pushed', ['MANIFEST_UNKNOWN']],
  ];

  it.each(missing)('answers 404 to HEAD and GET for a %s that is not there', async (_, path, codes) => {
    await wire().put({});
    expect((await ask(wire().url(path), { method: 'HEAD' })).response.status).toBe(404);
    const answer = await ask(wire().url(path));
    expect([answer.response.status, codesOf(answer)]).toEqual([404, codes]);
  });

  it.each(missing)('answers 404 for a %s of a repository that is not there', async (_, path, codes) => {
    const answer = await ask(another('no/such/repository').url(path));
    expect(answer.response.status).toBe(404);
    expect(['NAME_UNKNOWN', ...codes]).toContain(codesOf(answer)[0]);
  });

  it('answers 404 for a blob that only another repository has', async () => {
    const other = another('team/has-the-blob');
    const digest = await other.pushBlob(Buffer.from('a blob of one repository only'));
    expect((await ask(other.url(`blobs/${digest}`))).response.status).toBe(200);
    expect((await ask(wire().url(`blobs/${digest}`))).response.status).toBe(404);
  });
});
