import { startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, sbomType } from './setup.js';

/** A registry without the API that sends its referrers endpoint elsewhere, as GHCR and Google's registries do. */
async function sceneSendingTo(other: TestRegistry): ReturnType<typeof openScene> {
  return await openScene(
    {
      referrersApi: false,
      auth: { type: 'bearer', username: 'me', password: 'secret' },
      rewrite: (request, answer) =>
        request.endpoint === 'referrers' ? { status: 303, headers: { Location: `${other.origin}/elsewhere` } } : answer,
    },
    {
      credentials: () => ({ username: 'me', password: 'secret' }),
      headers: (host) => (host === other.host ? {} : { 'X-Api-Key': 'key' }),
    },
  );
}

function answering(status: number, type: string, body: string): () => ReturnType<typeof startRegistry> {
  return () =>
    startRegistry({ rewrite: () => ({ status, headers: { 'Content-Type': type }, body: Buffer.from(body) }) });
}

describe('a referrers endpoint that redirects to another origin', () => {
  it.each([
    ['a 404 in plain text (GHCR)', answering(404, 'text/plain', 'Not Found')],
    ['a login page (Google)', answering(200, 'text/html', '<html>')],
  ])('and ends in %s is taken for "not supported", and no secret goes along', async (_name, start) => {
    await using other = await start();
    await using scene = await sceneSendingTo(other);
    const sbom = scene.addReferrer(sbomType, 'sbom');

    const list = await scene.fetcher.listReferrers(scene.image.descriptor);

    expect(list.referrers.map((referrer) => referrer.digest)).toEqual([sbom.descriptor.digest]);
    expect(list.attempts[0]).toMatchObject({ endpoint: 'referrers', rule: 'redirect-to-other-origin' });
    expect(other.requests.length).toBeGreaterThan(0);
    for (const request of other.requests) {
      expect(request.headers).not.toHaveProperty('authorization');
      expect(request.headers).not.toHaveProperty('x-api-key');
    }
  });

  it('and ends in a valid list is that list (registry.k8s.io)', async () => {
    const list = '{"schemaVersion":2,"manifests":[]}';
    await using other = await answering(200, 'application/vnd.oci.image.index.v1+json', list)();
    await using scene = await sceneSendingTo(other);
    expect((await scene.fetcher.listReferrers(scene.image.descriptor)).source).toBe('api');
  });

  it.each([401, 403, 429, 500, 503])('and ends in a fault (%i) is a fault, never an empty list', async (status) => {
    await using other = await answering(status, 'text/plain', '')();
    await using scene = await sceneSendingTo(other);
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({ status });
  });
});
