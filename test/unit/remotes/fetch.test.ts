import { buffer } from 'node:stream/consumers';
import { createResolver, isOciError } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { openScene, repository } from './setup.js';

describe('resolving a reference', () => {
  it('gives type, digest and size, and the reference pinned by digest', async () => {
    await using scene = await openScene();
    expect(await scene.resolver.resolve(scene.reference)).toEqual({
      name: `${scene.registry.host}/${repository}@${scene.image.descriptor.digest}`,
      descriptor: scene.image.descriptor,
    });
  });

  it('falls back to GET when HEAD does not say all', async () => {
    await using scene = await openScene({
      rewrite: (request, answer) => (request.method === 'HEAD' ? { status: 405, headers: {} } : answer),
    });
    expect((await scene.resolver.resolve(scene.reference)).descriptor).toEqual(scene.image.descriptor);
  });

  it('asks a registry that is busy once, not by GET again', async () => {
    await using scene = await openScene({ rewrite: () => ({ status: 429, headers: {} }) });
    await expect(scene.resolver.resolve(scene.reference)).rejects.toMatchObject({ code: 'ERR_OCI_RATE_LIMITED' });
    expect(scene.registry.requests.map((request) => request.method)).toEqual(['HEAD']);
  });

  it('says that an image is not there, and what to check', async () => {
    await using scene = await openScene();
    await expect(scene.resolver.resolve(`${scene.registry.host}/${repository}:nope`)).rejects.toMatchObject({
      code: 'ERR_OCI_NOT_FOUND',
      message: expect.stringContaining(`${repository}:nope`) as string,
      hint: expect.stringContaining('spelling') as string,
    });
  });

  it('says that a registry is down, where, and what to do', async () => {
    const scene = await openScene();
    const { reference } = scene;
    await scene[Symbol.asyncDispose]();
    await using resolver = createResolver({ retry: 0 });
    const error = await resolver.resolve(reference).catch((caught: unknown) => caught);
    expect(isOciError(error, 'ERR_OCI_NETWORK')).toBe(true);
    expect(error).toMatchObject({
      hint: expect.any(String) as string,
      url: expect.stringContaining('/v2/team/app') as string,
    });
  });

  it('does not take a login page for an image', async () => {
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.endpoint === 'manifest'
          ? { status: 200, headers: { 'Content-Type': 'text/html' }, body: Buffer.from('<html>') }
          : answer,
    });
    await expect(scene.resolver.resolve(scene.reference)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_CONTENT_TYPE' });
  });

  it('refuses to work once the resolver is closed', async () => {
    await using scene = await openScene();
    await scene.resolver.close();
    await expect(scene.resolver.resolve(scene.reference)).rejects.toMatchObject({ code: 'ERR_OCI_CLOSED' });
  });
});

describe('fetching content', () => {
  it('gives the bytes the descriptor names, manifests and blobs alike', async () => {
    await using scene = await openScene();
    const [blob] = scene.image.blobs;
    if (blob === undefined) throw new Error('no blob');
    expect(await buffer(await scene.fetcher.fetch(scene.image.descriptor))).toEqual(Buffer.from(scene.image.manifest));
    expect(await buffer(await scene.fetcher.fetch(blob.descriptor))).toEqual(Buffer.from(blob.bytes));
  });

  it.each([
    ['changed', (bytes: Buffer) => Buffer.from(bytes.map((byte) => byte ^ 1)), 'ERR_OCI_DIGEST_MISMATCH'],
    ['shorter', (bytes: Buffer) => bytes.subarray(1), 'ERR_OCI_SIZE_MISMATCH'],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, bytes]), 'ERR_OCI_SIZE_MISMATCH'],
  ])('fails the stream when a blob came %s', async (_name, change, code) => {
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.endpoint === 'blob' && answer.body !== undefined
          ? { ...answer, headers: {}, body: change(Buffer.from(answer.body)) }
          : answer,
    });
    const [blob] = scene.image.blobs;
    if (blob === undefined) throw new Error('no blob');
    const read = async (): Promise<Buffer> => await buffer(await scene.fetcher.fetch(blob.descriptor));
    await expect(read()).rejects.toMatchObject({ code });
  });

  it('finds content by digest alone: a manifest first, then a blob', async () => {
    await using scene = await openScene();
    const [blob] = scene.image.blobs;
    if (blob === undefined) throw new Error('no blob');
    const manifest = await scene.fetcher.fetchByDigest(scene.image.descriptor.digest);
    expect(manifest.descriptor).toEqual(scene.image.descriptor);
    expect(await buffer(manifest.body)).toEqual(Buffer.from(scene.image.manifest));
    const found = await scene.fetcher.fetchByDigest(blob.descriptor.digest);
    expect(found.descriptor.size).toBe(blob.descriptor.size);
    expect(await buffer(found.body)).toEqual(Buffer.from(blob.bytes));
    await expect(scene.fetcher.fetchByDigest(blob.descriptor.digest, { kind: 'manifest' })).rejects.toMatchObject({
      code: 'ERR_OCI_NOT_FOUND',
    });
  });

  it('refuses a blob by digest that is larger than the limit, before reading it', async () => {
    await using scene = await openScene({}, { limits: { maxBlobBytes: 1 } });
    const [blob] = scene.image.blobs;
    if (blob === undefined) throw new Error('no blob');
    await expect(scene.fetcher.fetchByDigest(blob.descriptor.digest, { kind: 'blob' })).rejects.toMatchObject({
      code: 'ERR_OCI_LIMIT_EXCEEDED',
      limitName: 'maxBlobBytes',
    });
  });

  it('stops with the reason of the signal the fetcher was made with', async () => {
    await using scene = await openScene({ intercept: () => new Promise<boolean>(() => undefined) });
    const controller = new AbortController();
    const fetcher = await scene.resolver.fetcher(scene.reference, { signal: controller.signal });
    const reason = new Error('enough');
    const reading = fetcher.fetch(scene.image.descriptor);
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });
});

describe('options of a resolver', () => {
  it.each([
    ['an unknown option', { fallbackHost: false }, 'fallbackHost'],
    ['a limit of 0', { limits: { maxPages: 0 } }, 'limits.maxPages'],
    ['an unknown limit', { limits: { maxPage: 3 } }, 'limits.maxPage'],
    [
      'a header that belongs to credentials',
      { headers: { 'a.example': { Authorization: 'x' } } },
      'headers.a.example.Authorization',
    ],
    ['a status that may not lead to a fallback', { fallbackOn: [401] }, 'fallbackOn.0'],
    ['a dispatcher together with tls', { dispatcher: {}, tls: {} }, 'dispatcher'],
    ['a credentials object instead of a function', { credentials: { username: 'me' } }, 'credentials'],
  ])('name the argument that is wrong: %s', (_name, options, argument) => {
    expect(() => createResolver(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION', argument }),
    );
  });
});
