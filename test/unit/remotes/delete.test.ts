import { referrersTag } from '@stellaops/oci-referrers';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { attach, deleting, isDelete, isStored, isTag, listed, refused, remove } from './delete-scene.js';
import { asked, openScene, repository, sbomType } from './setup.js';

describe('deleting a referrer', () => {
  it('at a registry with the API sends the DELETE and writes no tag', async () => {
    await using scene = await openScene();
    const sbom = await attach(scene);
    await remove(scene, sbom);
    expect(asked(scene.registry)).toEqual(['GET manifest', 'GET manifest', 'DELETE manifest']);
    expect(scene.registry.requests.at(-1)?.reference).toBe(sbom.digest);
    expect(await listed(scene)).toEqual([]);
  });

  it('takes it off a tag that stands beside the API (Quay), so that no export warns of it', async () => {
    await using scene = await openScene({ profile: 'quay' });
    const sbom = await attach(scene);
    expect(scene.registry.store.repository(repository).tags.has(referrersTag(scene.image.descriptor.digest))).toBe(
      true,
    );
    await remove(scene, sbom);
    const list = await scene.fetcher.listReferrers(scene.image.descriptor, { includeTagSchema: true });
    expect(list).toMatchObject({ source: 'api', referrers: [], warnings: [] });
  });

  it('beside the API minds nothing else that is under the tag', async () => {
    await using scene = await openScene();
    const sbom = await attach(scene);
    const other = buildImage({ layers: [Buffer.from('other')] });
    scene.registry.store.add(repository, other, { tag: referrersTag(scene.image.descriptor.digest) });
    await remove(scene, sbom);
    expect(isStored(scene, sbom)).toBe(false);
  });

  it('without the API takes it off the list first, and leaves the others as they are', async () => {
    await using scene = await openScene({ referrersApi: false });
    const foreign = {
      mediaType: scene.image.descriptor.mediaType,
      digest: `sha256:${'1'.repeat(64)}`,
      size: 9,
      'x-extension': { kept: true },
    };
    scene.registry.store.setReferrersTag(repository, scene.image.descriptor, [foreign]);
    const sbom = await attach(scene);

    await remove(scene, sbom);

    const { tags, manifests } = scene.registry.store.repository(repository);
    const digest = tags.get(referrersTag(scene.image.descriptor.digest)) ?? '';
    const index = JSON.parse(Buffer.from(manifests.get(digest)?.bytes ?? []).toString()) as { manifests: unknown[] };
    expect(index.manifests).toEqual([foreign]);
    expect(isStored(scene, sbom)).toBe(false);
    const writes = scene.registry.requests.filter(({ method }) => method === 'PUT' || method === 'DELETE');
    expect(writes.map(({ method, reference }) => `${method} ${reference}`)).toEqual([
      `PUT ${referrersTag(scene.image.descriptor.digest)}`,
      `DELETE ${sbom.digest}`,
    ]);
  });

  it('that is the last one leaves an empty list, and deletes neither the old list nor the tag', async () => {
    await using scene = await openScene({ referrersApi: false });
    const sbom = await attach(scene);
    await remove(scene, sbom);
    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list).toMatchObject({ referrers: [], source: 'tag-schema' });
    expect(scene.registry.requests.filter(isDelete).map(({ reference }) => reference)).toEqual([sbom.digest]);
  });

  it('writes the list on condition that nobody changed it, and reads it again when somebody did', async () => {
    let refusals = 0;
    await using scene = await openScene({
      referrersApi: false,
      intercept: (request, response) => {
        if (request.method !== 'PUT' || !isTag(request) || refusals-- <= 0) return false;
        response.writeHead(412).end();
        return true;
      },
      rewrite: (request, answer) =>
        request.method === 'GET' && isTag(request)
          ? { ...answer, headers: { ...answer.headers, etag: '"one"' } }
          : answer,
    });
    const sbom = await attach(scene);
    refusals = 2;
    await remove(scene, sbom);
    const puts = scene.registry.requests.filter((request) => request.method === 'PUT' && isTag(request));
    expect(puts.map(({ headers }) => headers['if-match'])).toEqual(['"one"', '"one"', '"one"']);
    expect(isStored(scene, sbom)).toBe(false);
  });

  it('while others are attached loses none of them', async () => {
    await using scene = await openScene({ referrersApi: false });
    const first = await attach(scene, { number: 'first' });
    const pusher = await scene.resolver.pusher(scene.reference);
    const [, ...others] = await Promise.all([
      pusher.delete(first),
      ...['a', 'b', 'c'].map((number) => attach(scene, { number })),
    ]);
    expect((await listed(scene)).sort()).toEqual(others.map(({ digest }) => digest).sort());
  });

  it('does not touch the tag with fallbackHosts: false', async () => {
    await using scene = await openScene({ referrersApi: false }, { fallbackHosts: false });
    const sbom = scene.addReferrer(sbomType, 'sbom').descriptor;
    await remove(scene, sbom);
    expect(asked(scene.registry)).toEqual(['GET manifest', 'DELETE manifest']);
  });

  it('deletes the referrer and nothing else where the tag resolves to the subject (GitLab)', async () => {
    await using scene = await openScene({ referrersApi: false });
    const sbom = await attach(scene);
    scene.registry.store.add(repository, scene.image, { tag: referrersTag(scene.image.descriptor.digest) });
    await remove(scene, sbom);
    expect(scene.registry.requests.filter(isDelete).map(({ reference }) => reference)).toEqual([sbom.digest]);
    expect(isStored(scene, scene.image.descriptor)).toBe(true);
  });

  it('is refused, and nothing changed, where the tag holds something else than a list', async () => {
    await using scene = await openScene({ referrersApi: false });
    const sbom = await attach(scene);
    const other = buildImage({ layers: [Buffer.from('other')] });
    scene.registry.store.add(repository, other, { tag: referrersTag(scene.image.descriptor.digest) });
    await expect(remove(scene, sbom)).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_TAG_INVALID' });
    expect(asked(scene.registry).filter((request) => !request.startsWith('GET'))).toEqual([]);
  });

  it('makes it prove nothing any more: what referred to it is not confirmed empty by memory', async () => {
    await using scene = await openScene({ referrersApi: false });
    const sbom = await attach(scene);
    await remove(scene, sbom);
    await expect(scene.fetcher.listReferrers(sbom, { confirmSubject: true })).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
    });
  });
});

describe('a referrer that cannot be deleted', () => {
  it('is listed again, and the error says so and how to switch deleting on (distribution)', async () => {
    await using scene = await openScene(deleting(refused(405, 'UNSUPPORTED')));
    const sbom = await attach(scene, { by: 'test' });
    const before = await scene.fetcher.fetchReferrers(scene.image.descriptor);
    await expect(remove(scene, sbom)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      status: 405,
      message: expect.stringContaining('it is still there, and listed as before') as string,
      hint: expect.stringContaining('storage.delete') as string,
    });
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toEqual(before);
  });

  it('because the account may not is listed again too', async () => {
    await using scene = await openScene(deleting(refused(403, 'DENIED')));
    const sbom = await attach(scene);
    await expect(remove(scene, sbom)).rejects.toMatchObject({ code: 'ERR_OCI_DENIED' });
    expect(await listed(scene)).toEqual([sbom.digest]);
  });

  it('and cannot be listed again is an error that says what is left', async () => {
    let isBroken = false;
    await using scene = await openScene({
      referrersApi: false,
      intercept: (request, response) => {
        if (isDelete(request)) isBroken = true;
        if (!isBroken || request.method === 'HEAD' || request.method === 'GET') return false;
        response.writeHead(403).end();
        return true;
      },
    });
    const sbom = await attach(scene);
    await expect(remove(scene, sbom)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_TAG_CONFLICT',
      message: expect.stringMatching(/it is still there, and it is not listed/) as string,
      cause: { code: 'ERR_OCI_DENIED' },
    });
    isBroken = false;
    expect(isStored(scene, sbom)).toBe(true);
  });

  it('though it was, as its answer got lost, is no error', async () => {
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) => {
        if (isDelete(request)) request.message.socket.destroy();
        return answer;
      },
    });
    const sbom = await attach(scene);
    await remove(scene, sbom);
    expect(isStored(scene, sbom)).toBe(false);
    expect(await listed(scene)).toEqual([]);
  });

  it('as the caller gave up is listed again, and the call ends with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    await using scene = await openScene({
      referrersApi: false,
      intercept: (request) => {
        if (!isDelete(request)) return false;
        controller.abort(reason);
        return true;
      },
    });
    const sbom = await attach(scene);
    await expect(remove(scene, sbom, controller.signal)).rejects.toBe(reason);
    expect(await listed(scene)).toEqual([sbom.digest]);
  });
});
