import { isOciError } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import {
  ask,
  askReferrers,
  attach,
  digests,
  indexType,
  list,
  openProfile,
  openWithUser,
  sbomType,
  secretsAt,
  wire,
} from './scene.js';

describe('k8s-redirector', () => {
  it('gives the list of the registry it sends everybody to, who gets no secret', async () => {
    await using scene = await openProfile('k8s-redirector', {}, { headers: () => ({ 'X-Api-Key': 'key' }) });
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const found = await list(scene);
    expect([digests(found.referrers), found.source]).toEqual([[sbom.descriptor.digest], 'api']);
    await scene.resolver.resolve(scene.reference);
    const blob = scene.image.blobs[0]?.descriptor ?? scene.image.descriptor;
    await (await scene.fetcher.fetch(blob)).toArray();
    expect(secretsAt(scene.registry.elsewhere)).toEqual([]);
    expect(scene.registry.elsewhere?.requests.length).toBeGreaterThan(2);
  });

  it('answers 307 to everything', async () => {
    await using scene = await openProfile('k8s-redirector');
    for (const path of ['/v2/', 'manifests/v1', 'tags/list?n=1']) {
      const answer = await ask(scene, path);
      const target = `${scene.registry.elsewhere?.origin}${path.startsWith('/') ? path : `/v2/team/app/${path}`}`;
      expect([answer.status, answer.headers.get('location')]).toEqual([307, target]);
    }
  });

  it('refuses to be pushed to: content goes to the registry that was named alone', async () => {
    await using scene = await openWithUser('k8s-redirector');
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REDIRECT_REFUSED' });
    expect(scene.registry.elsewhere?.requests.every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true);
  });
});

describe('a proxy that stands before a dead registry', () => {
  it.each([
    ['dead-proxy/captive-portal', 'ERR_OCI_REFERRERS_TAG_INVALID', 'ERR_OCI_BAD_CONTENT_TYPE'],
    ['dead-proxy/bad-gateway', 'ERR_OCI_REGISTRY_STATUS', 'ERR_OCI_REGISTRY_STATUS'],
    ['dead-proxy/unavailable', 'ERR_OCI_REGISTRY_STATUS', 'ERR_OCI_REGISTRY_STATUS'],
    ['dead-proxy/unavailable-retry-after', 'ERR_OCI_REGISTRY_STATUS', 'ERR_OCI_REGISTRY_STATUS'],
    ['dead-proxy/reset', 'ERR_OCI_NETWORK', 'ERR_OCI_NETWORK'],
    ['dead-proxy/gzip', 'ERR_OCI_BAD_JSON', 'ERR_OCI_DIGEST_MISMATCH'],
  ] as const)(
    '%s: is an error with a hint, never an empty list or a wrong manifest',
    async (name, listing, pulling) => {
      await using scene = await openProfile(name);
      scene.addReferrer(sbomType, 'sbom');
      const fault: unknown = await list(scene).catch((error: unknown) => error);
      expect(fault).toMatchObject({ code: listing });
      expect(isOciError(fault) && fault.attempts.length > 0).toBe(true);
      await expect(scene.fetcher.fetch(scene.image.descriptor)).rejects.toMatchObject({ code: pulling });
    },
  );

  it('dead-proxy/captive-portal: is called what it is, and nobody is sent to look for another tag', async () => {
    await using scene = await openProfile('dead-proxy/captive-portal');
    await expect(list(scene)).rejects.toMatchObject({ hint: expect.stringContaining('login page') as string });
    const answer = await askReferrers(scene);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  it('dead-proxy/unavailable-retry-after: says when to come back', async () => {
    await using scene = await openProfile('dead-proxy/unavailable-retry-after');
    await expect(list(scene)).rejects.toMatchObject({ status: 503, retryAfterMs: 1000 });
    await using silent = await openProfile('dead-proxy/unavailable');
    await expect(list(silent)).rejects.toMatchObject({ status: 503, retryAfterMs: undefined });
    expect((await wire(await askReferrers(silent), 'retry-after')).slice(0, 2)).toEqual([503, null]);
  });

  it('dead-proxy/gzip: sends right content, compressed, under its old label', async () => {
    await using scene = await openProfile('dead-proxy/gzip');
    const answer = await askReferrers(scene);
    expect([answer.headers.get('content-type'), answer.headers.get('content-encoding')]).toEqual([indexType, null]);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect([...bytes.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    await using reset = await openProfile('dead-proxy/reset');
    await expect(askReferrers(reset).then(async (cut) => await cut.text())).rejects.toThrow();
  });
});
