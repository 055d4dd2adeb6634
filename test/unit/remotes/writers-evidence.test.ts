import { attachArtifact, type Descriptor, referrersTag } from '@stellaops/oci-referrers';
import type { RequestFacts } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, repository, type Scene, sbomType } from './setup.js';

const isTag = ({ reference }: RequestFacts): boolean => reference?.startsWith('sha256-') === true;

const isTagPut = (request: RequestFacts): boolean => request.method === 'PUT' && isTag(request);

async function attach(scene: Scene): Promise<Descriptor> {
  const pusher = await scene.resolver.pusher(scene.reference);
  const files = [{ mediaType: sbomType, content: Buffer.from('{}') }];
  return await attachArtifact(pusher, scene.image.descriptor, { artifactType: sbomType, files });
}

/** What stands under the referrers tag, whatever the registry answers. */
function underTag({ registry, image }: Scene): readonly string[] {
  const { tags, manifests } = registry.store.repository(repository);
  const bytes = manifests.get(tags.get(referrersTag(image.descriptor.digest)) ?? '')?.bytes;
  const list = JSON.parse(String(bytes ?? '{"manifests":[]}')) as { manifests: Descriptor[] };
  return list.manifests.map(({ digest }) => digest);
}

describe('the referrers tag', () => {
  it('is not touched with fallbackHosts: false, also where the API is there and does not confirm the subject (Quay)', async () => {
    await using scene = await openScene(
      {
        rewrite: (request, answer) =>
          request.method === 'PUT' ? { ...answer, headers: { ...answer.headers, 'oci-subject': [] } } : answer,
      },
      { fallbackHosts: false },
    );
    await attach(scene);
    expect(scene.registry.requests.some(isTag)).toBe(false);
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toHaveLength(1);
  });

  it('is kept where the API is remembered to be missing', async () => {
    await using scene = await openScene({ referrersApi: false });
    await scene.resolver.resolve(scene.reference);
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toEqual([]);
    const sbom = await attach(scene);
    expect(underTag(scene)).toEqual([sbom.digest]);
    const pusher = await scene.resolver.pusher(scene.reference);
    await pusher.delete(sbom);
    expect(underTag(scene)).toEqual([]);
    scene.registry.store.add(repository, scene.image, { tag: referrersTag(scene.image.descriptor.digest) });
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_TAG_CONFLICT' });
  });

  it('loses the entry of what is deleted, though a node that lags behind says that there is no list', async () => {
    let reads = Number.NEGATIVE_INFINITY;
    await using scene = await openScene({
      referrersApi: false,
      intercept: (request, response) => {
        if (request.method !== 'GET' || !isTag(request)) return false;
        reads += 1;
        if (reads !== 2) return false;
        response.writeHead(404).end();
        return true;
      },
    });
    const sbom = await attach(scene);
    const pusher = await scene.resolver.pusher(scene.reference);
    reads = 0;
    await pusher.delete(sbom);
    expect(underTag(scene)).toEqual([]);
  });

  it('is written once, and not begun anew, when nobody finds it again', async () => {
    let isForgotten = false;
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) => {
        if (!isTag(request)) return answer;
        if (request.method === 'PUT') isForgotten = true;
        return request.method === 'GET' && isForgotten ? { status: 404, headers: {} } : answer;
      },
    });
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_TAG_CONFLICT' });
    expect(scene.registry.requests.filter(isTagPut)).toHaveLength(1);
  });

  it('that somebody else began in between is not begun anew when a node does not know of it yet', async () => {
    const theirs = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${'2'.repeat(64)}`,
      size: 2,
    };
    let isBegun = false;
    let readsSince = 0;
    await using scene = await openScene({
      referrersApi: false,
      intercept: (request, response, store) => {
        if (request.method === 'PUT' && !isTag(request) && request.endpoint === 'manifest') {
          store.setReferrersTag(repository, scene.image.descriptor, [theirs]);
          isBegun = true;
        }
        const isRefused = isTagPut(request) && readsSince === 1;
        const isRead = isBegun && request.method === 'GET' && isTag(request);
        if (isRead) readsSince += 1;
        const isLagging = isRead && readsSince === 2;
        if (isRefused) response.writeHead(412).end();
        if (isLagging) response.writeHead(404).end();
        return isRefused || isLagging;
      },
    });
    const sbom = await attach(scene);
    expect([...underTag(scene)].sort()).toEqual([theirs.digest, sbom.digest].sort());
  });

  it('that may not be written is an error at once', async () => {
    await using scene = await openScene({
      referrersApi: false,
      intercept: (request, response) => {
        if (!isTagPut(request)) return false;
        response.writeHead(403).end();
        return true;
      },
    });
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_DENIED' });
    expect(scene.registry.requests.filter(isTagPut)).toHaveLength(1);
  });
});
