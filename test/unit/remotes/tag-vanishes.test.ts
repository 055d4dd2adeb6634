import { attachArtifact, type Descriptor } from '@stellaops/oci-referrers';
import type { RequestFacts } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, repository, type Scene, sbomType } from './setup.js';

const isTag = (request: RequestFacts): boolean => request.reference?.startsWith('sha256-') === true;
const file = { mediaType: sbomType, content: Buffer.from('{}') };
const conflict = { code: 'ERR_OCI_REFERRERS_TAG_CONFLICT' };

/** A registry whose referrers tag is not there for those reads that are named, as with a node that lags behind. */
async function openForgetful(isForgotten: (read: number) => boolean): Promise<Scene & { readonly begin: () => void }> {
  let reads = Number.NEGATIVE_INFINITY;
  const scene = await openScene({
    referrersApi: false,
    intercept: (request, response) => {
      if (!isTag(request) || request.method !== 'GET') return false;
      reads += 1;
      if (!isForgotten(reads)) return false;
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN' }] }));
      return true;
    },
  });
  return Object.assign(scene, {
    begin: () => {
      reads = 0;
    },
  });
}

async function attach(scene: Scene): Promise<Descriptor> {
  const pusher = await scene.resolver.pusher(scene.reference);
  return await attachArtifact(pusher, scene.image.descriptor, { artifactType: sbomType, files: [file] });
}

/** What the registry has, whatever it answers. */
function stored({ registry, image }: Scene): string[] {
  const { tags, manifests } = registry.store.repository(repository);
  const bytes = manifests.get(tags.get(image.descriptor.digest.replace(':', '-')) ?? '')?.bytes;
  const { manifests: listed } = JSON.parse(String(bytes)) as { manifests: Descriptor[] };
  return listed.map(({ digest }) => digest).sort();
}

describe('a list of referrers that is there in one answer and not in the next', () => {
  it.each([
    ['seen before the referrer was pushed', (read: number) => read > 2],
    ['not there for the read after that', (read: number) => read === 3],
    ['not there once, when it is read back', (read: number) => read === 4],
    ['never there when it is read back', (read: number) => read > 3],
  ])('is not replaced by one without the others: %s', async (_, isForgotten) => {
    await using scene = await openForgetful(isForgotten);
    const others = ['a', 'b'].map((content) => scene.addReferrer(sbomType, content).descriptor.digest);
    scene.begin();
    const attached = await attach(scene).catch((error: unknown) => error);
    expect(stored(scene)).toEqual(expect.arrayContaining(others));
    if (attached instanceof Error) expect(attached).toMatchObject(conflict);
    else expect(stored(scene)).toHaveLength(3);
  });

  it('keeps the entry of what is still there when a deletion fails', async () => {
    await using scene = await openForgetful((read) => read > 2);
    const others = ['a', 'b'].map((content) => scene.addReferrer(sbomType, content).descriptor.digest);
    const sbom = await attach(scene);
    scene.begin();
    const pusher = await scene.resolver.pusher(scene.reference);
    await expect(pusher.delete(sbom)).rejects.toMatchObject(conflict);
    expect(stored(scene)).toEqual(expect.arrayContaining(others));
  });
});
