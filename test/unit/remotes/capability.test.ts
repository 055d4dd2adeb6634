import { discoverReferrers } from '@stellaops/oci-referrers';
import { buildArtifact, type RegistryAnswer } from '@stellaops/oci-referrers/testing';
import { describe, expect, it, vi } from 'vitest';
import { asked, openScene, repository, sbomType } from './setup.js';

const denial: RegistryAnswer = {
  status: 404,
  headers: { 'Content-Type': 'text/plain' },
  body: Buffer.from('404 page not found\n'),
};
const loginPage: RegistryAnswer = {
  status: 200,
  headers: { 'Content-Type': 'text/html' },
  body: Buffer.from('<html>'),
};

/** A registry with the API whose referrers endpoint gives other answers now and then, like nodes behind one address. */
async function mixedScene(answers: (RegistryAnswer | undefined)[], options = {}): ReturnType<typeof openScene> {
  return await openScene(
    {
      rewrite: (request, original) => (request.endpoint === 'referrers' ? (answers.shift() ?? original) : original),
    },
    options,
  );
}

describe('a registry that denies the referrers API once', () => {
  it('does not lose the referrers of a later closure: the API is asked anew', async () => {
    await using scene = await mixedScene([denial]);
    const { descriptor } = await scene.resolver.resolve(scene.reference);
    expect(await scene.fetcher.fetchReferrers(descriptor)).toEqual([]);
    scene.addReferrer(sbomType, 'sbom');
    await expect(discoverReferrers(scene.fetcher, descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_INCONSISTENT',
    });
    expect((await discoverReferrers(scene.fetcher, descriptor)).nodes.size).toBe(2);
  });

  it('and then has it, fails a closure rather than leave its first subject empty', async () => {
    await using scene = await mixedScene([denial]);
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const signature = buildArtifact({ artifactType: sbomType, subject: sbom.descriptor, content: 'signature' });
    scene.registry.store.add(repository, signature);
    scene.registry.store.setReferrersTag(repository, scene.image.descriptor, [sbom.descriptor]);
    await expect(discoverReferrers(scene.fetcher, scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_INCONSISTENT',
    });
  });

  it('after it had it, is asked again on a new connection, and believed only when it has it', async () => {
    await using scene = await mixedScene([undefined, denial]);
    scene.addReferrer(sbomType, 'sbom');
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toHaveLength(1);
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toHaveLength(1);
    await using stubborn = await mixedScene([undefined, denial, denial], { capabilityTtlMs: 0 });
    stubborn.addReferrer(sbomType, 'sbom');
    expect(await stubborn.fetcher.fetchReferrers(stubborn.image.descriptor)).toHaveLength(1);
    await expect(stubborn.fetcher.fetchReferrers(stubborn.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_INCONSISTENT',
    });
  });

  it('while another list comes from it, fails the one that was read from the tag in the meantime', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await using scene = await openScene({
      rewrite: async (request, original) => {
        const isFirst = request.reference === scene.image.descriptor.digest;
        if (request.endpoint === 'referrers' && isFirst) return denial;
        if (request.endpoint === 'manifest' && request.reference?.startsWith('sha256-') === true) await held;
        return original;
      },
    });
    const other = scene.addReferrer(sbomType, 'sbom');
    const first = scene.fetcher.listReferrers(scene.image.descriptor);
    const outcome = first.catch((error: unknown) => error);
    await vi.waitFor(() => {
      expect(asked(scene.registry)).toContain('GET manifest');
    });
    expect(await scene.fetcher.fetchReferrers(other.descriptor)).toEqual([]);
    release();
    expect(await outcome).toMatchObject({ code: 'ERR_OCI_REFERRERS_INCONSISTENT' });
  });

  it('by a page of HTML is asked again the next time', async () => {
    await using scene = await mixedScene([loginPage]);
    const { descriptor } = await scene.resolver.resolve(scene.reference);
    expect(await scene.fetcher.fetchReferrers(descriptor)).toEqual([]);
    scene.addReferrer(sbomType, 'sbom');
    expect(await scene.fetcher.fetchReferrers(descriptor)).toHaveLength(1);
  });
});

describe('what is remembered about a registry', () => {
  it('saves the request to an API that is known to be missing, and nothing when the time to live is 0', async () => {
    for (const [capabilityTtlMs, requests] of [
      [60_000, ['GET manifest']],
      [0, ['GET referrers', 'GET manifest']],
    ] as const) {
      await using scene = await openScene({ referrersApi: false }, { capabilityTtlMs });
      const { descriptor } = await scene.resolver.resolve(scene.reference);
      await scene.fetcher.fetchReferrers(descriptor);
      scene.registry.clearRequests();
      await scene.fetcher.fetchReferrers(descriptor);
      expect(asked(scene.registry)).toEqual(requests);
    }
  });

  it('is not taken from a subject nobody has seen: zot answers 404 for those with the API in place', async () => {
    await using scene = await openScene({ referrersApi: false });
    await scene.fetcher.fetchReferrers(scene.image.descriptor);
    scene.registry.clearRequests();
    await scene.fetcher.fetchReferrers(scene.image.descriptor);
    expect(asked(scene.registry)[0]).toBe('GET referrers');
  });

  it('does not outvote a registry that says the repository is not there any more', async () => {
    let isHidden = false;
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (_request, answer) =>
        isHidden
          ? {
              status: 404,
              headers: { 'Content-Type': 'application/json' },
              body: Buffer.from('{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known"}]}'),
            }
          : answer,
    });
    const { descriptor } = await scene.resolver.resolve(scene.reference);
    isHidden = true;
    for (const confirmSubject of [false, true]) {
      await expect(scene.fetcher.listReferrers(descriptor, { confirmSubject })).rejects.toMatchObject({
        code: 'ERR_OCI_NOT_FOUND',
      });
    }
  });
});
