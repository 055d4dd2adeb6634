import { digestOf } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { describeSpec } from './support/spec-peers.js';
import { type Answer, ask, codesOf, emptyBlob, ociTypes } from './support/wire.js';

// What distribution-spec v1.1.1 says about tags, deletions and errors, in tests of our own and in plain HTTP; see
// docs/decisions/0004. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#content-management

const artifactType = 'application/spdx+json';
const image = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: ociTypes.manifest, config: emptyBlob, layers: [] }),
);

describeSpec('tags, deletions and errors', ({ peer, wire, another }) => {
  const tag = async (name: string, bytes: Buffer = image): Promise<void> => {
    const init = { method: 'PUT', headers: { 'content-type': ociTypes.manifest }, body: bytes };
    expect((await ask(wire().manifestUrl(name), init)).response.status).toBe(201);
  };
  const remove = async (path: string): Promise<Answer> => await ask(wire().url(path), { method: 'DELETE' });
  const statusOf = async (path: string): Promise<number> =>
    (await ask(wire().url(path), { headers: { accept: ociTypes.manifest } })).response.status;

  /** Asks for a page of tags. */
  const tagsAt = async (url: string): Promise<{ tags: readonly string[]; next: string | undefined }> => {
    const { response, body } = await ask(url);
    expect(response.status).toBe(200);
    const { name, tags } = JSON.parse(body.toString()) as { name: string; tags: readonly string[] };
    expect(url).toContain(`/v2/${name}/tags/list`);
    const link = response.headers.get('link');
    if (link === null) return { tags, next: undefined };
    const [, target] = /^<([^>]+)>\s*;\s*rel="?next"?$/.exec(link) ?? [];
    return { tags, next: new URL(target ?? 'no target', url).href };
  };
  const tagsOf = async (query: string): ReturnType<typeof tagsAt> => await tagsAt(wire().url(`tags/list${query}`));

  it('lists no tags of a repository that has none, and none or 404 of one that is not there', async () => {
    await wire().put({});
    expect(await tagsOf('')).toEqual({ tags: [], next: undefined });
    const { response, body } = await ask(another('no/such/repository').url('tags/list'));
    if (response.status !== 404) expect(JSON.parse(body.toString())).toMatchObject({ tags: [] });
  });

  it(`lists tags in their order, in which case counts ${peer.sortsByBytes ? 'all the same' : 'for nothing'}`, async () => {
    for (const name of ['v10', 'beta', 'V3', 'v2', 'Alpha', '_under']) await tag(name);
    const { tags } = await tagsOf('');
    if (peer.sortsByBytes) expect(tags).toEqual(['Alpha', 'V3', '_under', 'beta', 'v10', 'v2']);
    else expect(tags).toEqual(['_under', 'Alpha', 'beta', 'v10', 'v2', 'V3']);
  });

  it('gives as many tags as are asked for, after the last one that is known', async () => {
    for (const name of ['d', 'b', 'a', 'c', 'e']) await tag(name);
    expect((await tagsOf('?n=2')).tags).toEqual(['a', 'b']);
    expect((await tagsOf('?n=2&last=b')).tags).toEqual(['c', 'd']);
    expect((await tagsOf('?last=c')).tags).toEqual(['d', 'e']);
    expect(await tagsOf('?n=5')).toEqual({ tags: ['a', 'b', 'c', 'd', 'e'], next: undefined });
    expect((await tagsOf('?n=100')).tags).toHaveLength(5);
    expect((await tagsOf('?n=2&last=e')).tags).toEqual([]);
    expect((await tagsOf('?n=2&last=bb')).tags).toEqual(['c', 'd']);
  });

  it('links from page to page of tags, where it links at all', async () => {
    for (const name of ['d', 'b', 'a', 'c', 'e']) await tag(name);
    const pages = [await tagsOf('?n=2')];
    while (pages.at(-1)?.next !== undefined) pages.push(await tagsAt(pages.at(-1)?.next ?? ''));
    const all = pages.flatMap(({ tags }) => tags);
    expect(all).toEqual(pages.length === 1 ? ['a', 'b'] : ['a', 'b', 'c', 'd', 'e']);
  });

  it(
    peer.breaksAtNoTags ? 'breaks down where no tags are asked for' : 'gives no tags and no link for n=0',
    async () => {
      await tag('v1');
      if (peer.breaksAtNoTags) await expect(tagsOf('?n=0')).rejects.toThrow('fetch failed');
      else expect(await tagsOf('?n=0')).toEqual({ tags: [], next: undefined });
    },
  );

  it('deletes a tag, and nothing but the tag', async () => {
    await tag('v1');
    await tag('v2');
    expect((await remove('manifests/v1')).response.status).toBe(202);
    expect([await statusOf('manifests/v1'), await statusOf('manifests/v2')]).toEqual([404, 200]);
    expect(await statusOf(`manifests/${digestOf(image)}`)).toBe(200);
    expect((await tagsOf('')).tags).toEqual(['v2']);
  });

  it('deletes a manifest with every tag of it', async () => {
    await tag('v1');
    await tag('v2');
    await tag('other', Buffer.from(image.toString().replace('{', '{ ')));
    expect((await remove(`manifests/${digestOf(image)}`)).response.status).toBe(202);
    for (const gone of ['v1', 'v2', digestOf(image)]) expect(await statusOf(`manifests/${gone}`)).toBe(404);
    expect((await tagsOf('')).tags).toEqual(['other']);
  });

  it('deletes a blob', async () => {
    const digest = await wire().pushBlob(Buffer.from('a blob that goes'));
    expect((await remove(`blobs/${digest}`)).response.status).toBe(202);
    expect(await statusOf(`blobs/${digest}`)).toBe(404);
  });

  it.each(['manifests', 'blobs'])('answers 404 to a deletion in %s of what is not there (any more)', async (kind) => {
    await tag('v1');
    const digest = digestOf(Buffer.from('never pushed'));
    const answer = await remove(`${kind}/${digest}`);
    const code = kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN';
    expect([answer.response.status, codesOf(answer)]).toEqual([404, [code]]);
    const nowhere = another('no/such/repository').url(`${kind}/${digest}`);
    expect((await ask(nowhere, { method: 'DELETE' })).response.status).toBe(404);
    const known = kind === 'blobs' ? emptyBlob.digest : digestOf(image);
    expect((await remove(`${kind}/${known}`)).response.status).toBe(202);
    expect((await remove(`${kind}/${known}`)).response.status).toBe(404);
  });

  it('lists the other referrers when one of them is deleted', async () => {
    const { descriptor: subject } = await wire().put({});
    const [goes, stays] = [
      await wire().put({ artifactType, subject, annotations: { number: '1' } }),
      await wire().put({ artifactType, subject }),
    ];
    expect((await remove(`manifests/${goes.descriptor.digest}`)).response.status).toBe(202);
    expect(await wire().list(subject.digest)).toEqual([{ ...stays.descriptor, artifactType }]);
  });

  it('lists what refers to a subject that is deleted, and to one that comes back', async () => {
    const { descriptor: subject } = await wire().put({});
    const { descriptor: referrer } = await wire().put({ artifactType, subject });
    const expected = [{ ...referrer, artifactType }];
    expect((await remove(`manifests/${subject.digest}`)).response.status).toBe(202);
    // A registry may take the referrers along; what it keeps it has to list.
    const isKept = (await statusOf(`manifests/${referrer.digest}`)) === 200;
    expect(await wire().list(subject.digest)).toEqual(isKept ? expected : []);
    await wire().put({});
    expect(await wire().list(subject.digest)).toEqual(isKept ? expected : []);
  });

  it(`${peer.forgetsUntagged ? 'forgets' : 'lists'} a referrer that lost its tag`, async () => {
    const { descriptor: subject } = await wire().put({});
    const { descriptor: referrer, bytes } = await wire().put({ artifactType, subject });
    await tag('sbom', bytes);
    expect((await remove('manifests/sbom')).response.status).toBe(202);
    expect(await statusOf(`manifests/${referrer.digest}`)).toBe(200);
    expect(await wire().list(subject.digest)).toEqual(peer.forgetsUntagged ? [] : [{ ...referrer, artifactType }]);
  });

  it.each([
    ['GET', 'manifests/.not-a-tag', {}],
    ['PUT', 'manifests/.not-a-tag', { 'content-type': ociTypes.manifest }],
    ['PUT', 'manifests/sha256:bad', { 'content-type': ociTypes.manifest }],
    ['GET', 'blobs/sha256:bad', {}],
    ['GET', `blobs/${emptyBlob.digest}`, { range: 'bytes=100-' }],
    ['GET', 'tags/list?n=many', {}],
    ['PUT', 'blobs/uploads/no-such-upload', {}],
    ['POST', 'blobs/uploads/?digest=sha256:bad', {}],
    ['POST', 'manifests/v1', {}],
    ['PUT', 'tags/list', {}],
  ])('says why in the form of the specification where it refuses %s %s', async (method, path, headers) => {
    await tag('v1');
    const body = method === 'PUT' ? { body: image } : {};
    const answer = await ask(wire().url(path), { method, headers, ...body });
    expect(answer.response.status).toBeGreaterThanOrEqual(200);
    expect(answer.response.status).toBeLessThan(500);
    // Any form will do but JSON of another form; olareg says that it is JSON nowhere, and takes a bad n for none.
    if (answer.response.status < 400 || !answer.body.toString().startsWith('{')) return;
    expect(codesOf(answer)).not.toEqual([]);
    for (const code of codesOf(answer)) expect(codes).toContain(code);
  });
});

// The codes of the specification, and the two older ones it lets registries keep.
const codes: readonly string[] = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
  'TAG_INVALID',
  'MANIFEST_UNVERIFIED',
];
