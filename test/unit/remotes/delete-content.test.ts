import { referrersTag } from '@stellaops/oci-referrers';
import { startRegistry, type TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { attach, deleting, isDelete, isStored, isTag, refused, remove } from './delete-scene.js';
import { asked, openScene, repository, type Scene, sbomType } from './setup.js';

/** Answers every DELETE with a 404, and tells whether there was one. */
function refusingDelete(): Required<Pick<TestRegistryOptions, 'intercept'>> & { readonly met: () => boolean } {
  let isMet = false;
  const intercept: TestRegistryOptions['intercept'] = (request, response) => {
    if (!isDelete(request)) return false;
    isMet = true;
    response.writeHead(404).end();
    return true;
  };
  return { intercept, met: () => isMet };
}

describe('deleting other content', () => {
  it('asks a token service for the right to delete', async () => {
    const credentials = { username: 'me', password: 'secret' };
    await using scene = await openScene(
      { auth: { type: 'bearer', ...credentials } },
      { credentials: () => credentials },
    );
    await remove(scene, scene.image.descriptor);
    const scopes = scene.registry.requests.flatMap(({ query }) => query.getAll('scope'));
    expect(scopes.join(' ')).toContain('delete');
    expect(isStored(scene, scene.image.descriptor)).toBe(false);
  });

  it('deletes a blob where the descriptor says that it is one', async () => {
    await using scene = await openScene();
    const layer = scene.image.blobs.at(-1)?.descriptor;
    if (layer === undefined) throw new Error('no layer');
    await remove(scene, layer);
    expect(asked(scene.registry)).toEqual(['HEAD blob', 'DELETE blob']);
    await expect(remove(scene, layer)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
  });

  it('says "not found" about a manifest that is not there, and sends no DELETE', async () => {
    await using scene = await openScene({ referrersApi: false });
    const sbom = await attach(scene);
    await remove(scene, sbom);
    await expect(remove(scene, sbom)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
    expect(scene.registry.requests.some(isDelete)).toBe(false);
  });

  it.each([400, 405])('explains a %i as deleting that is switched off', async (status) => {
    await using scene = await openScene({ ...deleting(refused(status, 'UNSUPPORTED')), referrersApi: true });
    await expect(remove(scene, scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      hint: expect.stringContaining('storage.delete') as string,
    });
  });

  it('does not take a 404 that says "denied" for success, though the account may not look either', async () => {
    let isDenied = false;
    await using scene = await openScene({
      rewrite: (request, answer) => {
        isDenied ||= isDelete(request);
        return isDenied ? refused(404, 'DENIED') : answer;
      },
    });
    await expect(remove(scene, scene.image.descriptor)).rejects.toMatchObject({ status: 404 });
  });

  it('does not take a router that knows no DELETE for success', async () => {
    await using scene = await openScene({ ...deleting(refused(404, '')), referrersApi: true });
    await expect(remove(scene, scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      status: 404,
    });
    expect(isStored(scene, scene.image.descriptor)).toBe(true);
  });

  it.each([
    ['a manifest', ({ image }: Scene) => image.descriptor],
    ['a blob', ({ image }: Scene) => image.blobs.at(-1)?.descriptor ?? image.descriptor],
  ])('does not take it from another origin that %s is gone', async (_name, pick) => {
    await using other = await startRegistry();
    const refusing = refusingDelete();
    await using scene = await openScene({
      intercept: refusing.intercept,
      rewrite: (request, answer) => {
        const location = `${other.origin}/-/packages`;
        return refusing.met() && request.method === 'HEAD' ? { status: 303, headers: { location } } : answer;
      },
    });
    await expect(remove(scene, pick(scene))).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      status: 404,
      message: expect.stringContaining(other.host) as string,
    });
  });

  it('does not take a page that came in place of a blob for its absence', async () => {
    const refusing = refusingDelete();
    await using scene = await openScene({
      intercept: refusing.intercept,
      rewrite: (_request, answer) =>
        refusing.met() ? { status: 200, headers: {}, body: Buffer.from('<html>') } : answer,
    });
    const layer = scene.image.blobs.at(-1)?.descriptor ?? scene.image.descriptor;
    await expect(remove(scene, layer)).rejects.toMatchObject({ code: 'ERR_OCI_REGISTRY_STATUS', status: 404 });
  });

  it('beside the API needs no word of another origin about the tag', async () => {
    await using other = await startRegistry();
    await using scene = await openScene({
      rewrite: (request, answer) => {
        if (request.endpoint === 'tags') return { status: 403, headers: {} };
        const location = `${other.origin}/-/packages`;
        return isTag(request) && answer.status === 404 ? { status: 303, headers: { location } } : answer;
      },
    });
    const sbom = scene.addReferrer(sbomType, 'sbom').descriptor;
    await remove(scene, sbom);
    expect(isStored(scene, sbom)).toBe(false);
  });

  it('is refused where another origin would have to say what the list holds', async () => {
    await using other = await startRegistry();
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) => {
        if (request.endpoint === 'tags') return { status: 403, headers: {} };
        return isTag(request) && answer.status === 404
          ? { status: 303, headers: { Location: `${other.origin}/-/packages` } }
          : answer;
      },
    });
    const sbom = scene.addReferrer(sbomType, 'sbom').descriptor;
    scene.registry.store.repository(repository).tags.delete(referrersTag(scene.image.descriptor.digest));
    await expect(remove(scene, sbom)).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_TAG_CONFLICT' });
    expect(isStored(scene, sbom)).toBe(true);
  });
});
