import { startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, sbomType } from './setup.js';

/** A registry with two referrers, whose first page carries the given Link header. */
async function sceneWithLink(link: (path: string) => string, options = {}): ReturnType<typeof openScene> {
  const scene = await openScene(
    {
      rewrite: (request, original) =>
        request.endpoint === 'referrers'
          ? { ...original, headers: { ...original.headers, Link: link(request.path) } }
          : original,
    },
    options,
  );
  scene.addReferrer(sbomType, 'a');
  return scene;
}

describe('the link to the next page', () => {
  it('is not followed to another origin, and no request gets there', async () => {
    await using other = await startRegistry();
    await using scene = await sceneWithLink((path) => `<${other.origin}${path}?page=2>; rel="next"`);
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_BAD_LINK',
    });
    expect(other.requests).toEqual([]);
  });

  it('is not followed to the list of another repository', async () => {
    await using scene = await sceneWithLink((path) => `<${path.replace('team/app', 'team/other')}?page=2>; rel="next"`);
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_BAD_LINK',
    });
  });

  it('is not followed in a circle', async () => {
    await using scene = await sceneWithLink((path) => `<${path}>; rel="next"`);
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_BAD_LINK',
    });
    expect(scene.registry.requests).toHaveLength(1);
  });

  it('is not followed for ever: the number of pages is bounded', async () => {
    let page = 0;
    await using scene = await sceneWithLink(
      (path) => {
        page++;
        return `<${path}?page=${page}>; rel=next`;
      },
      { limits: { maxPages: 5 } },
    );
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_LIMIT_EXCEEDED',
      limitName: 'maxPages',
    });
    expect(scene.registry.requests).toHaveLength(5);
  });

  it('may not lead to more referrers than the limit', async () => {
    await using scene = await openScene({ pageSize: 1 }, { limits: { maxReferrers: 2 } });
    for (const content of ['a', 'b', 'c']) scene.addReferrer(sbomType, content);
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      limitName: 'maxReferrers',
    });
  });

  it('may not lead to more bytes than the limit, on one page or on all', async () => {
    await using scene = await openScene({ pageSize: 1 }, { limits: { maxListBytes: 700 } });
    for (const content of ['a', 'b', 'c']) scene.addReferrer(sbomType, content);
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      limitName: 'maxListBytes',
    });

    await using strict = await openScene({}, { limits: { maxManifestBytes: 100 } });
    strict.addReferrer(sbomType, 'a');
    await expect(strict.fetcher.fetchReferrers(strict.image.descriptor)).rejects.toMatchObject({
      limitName: 'maxManifestBytes',
    });
  });

  it('is read relative to the page it stands on, whatever its form', async () => {
    await using scene = await openScene({
      pageSize: 1,
      rewrite: (request, answer) => {
        const link = answer.headers['Link'] ?? answer.headers['link'];
        if (request.endpoint !== 'referrers' || typeof link !== 'string') return answer;
        const query = /\?[^>]*/.exec(link)?.[0] ?? '';
        return { ...answer, headers: { ...answer.headers, Link: `<${query}>; REL=next` } };
      },
    });
    for (const content of ['a', 'b', 'c']) scene.addReferrer(sbomType, content);
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toHaveLength(3);
  });

  it('that is no URL path is a typed error', async () => {
    await using scene = await sceneWithLink((path) => `<${path}%zz>; rel="next"`);
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_BAD_LINK',
    });
  });
});

describe('the time a list may take', () => {
  it('covers all of its requests together', async () => {
    await using scene = await openScene(
      { intercept: (request) => (request.endpoint === 'referrers' ? new Promise<boolean>(() => undefined) : false) },
      { timeouts: { discoveryMs: 50 } },
    );
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_TIMEOUT',
      message: expect.stringContaining('50 ms') as string,
    });
  });
});
