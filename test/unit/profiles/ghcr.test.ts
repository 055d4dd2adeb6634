import { describe, expect, it } from 'vitest';
import {
  addLegacyTag,
  ask,
  askReferrers,
  attach,
  digests,
  list,
  openProfile,
  openWithUser,
  repository,
  sbomType,
  secretsAt,
  unknownDigest,
  user,
  userHeader,
} from './scene.js';

describe('ghcr-2026', () => {
  it('is read through its referrers tag, and no secret goes to the web site', async () => {
    await using scene = await openWithUser('ghcr-2026', {}, { headers: (host) => ({ 'X-Api-Key': `for ${host}` }) });
    const { registry, image } = scene;
    const sbom = scene.addReferrer(sbomType, 'sbom');
    registry.store.setReferrersTag(repository, image.descriptor, [sbom.descriptor]);

    const found = await list(scene);

    expect(digests(found.referrers)).toEqual([sbom.descriptor.digest]);
    expect(found.source).toBe('tag-schema');
    expect(found.attempts[0]).toMatchObject({ status: 404, rule: 'redirect-to-other-origin' });
    expect(registry.elsewhere?.requests).toHaveLength(1);
    expect(secretsAt(registry.elsewhere)).toEqual([]);
  });

  it('confirms an empty list for an image that is there, and nothing for one that is not', async () => {
    await using scene = await openProfile('ghcr-2026');
    expect((await list(scene)).referrers).toEqual([]);
    const stranger = { ...scene.image.descriptor, digest: unknownDigest };
    await expect(scene.fetcher.fetchReferrers(stranger)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
    });
  });

  it('keeps what is attached listed under the tag', async () => {
    await using scene = await openWithUser('ghcr-2026');
    const attached = await attach(scene);
    expect((await list(scene)).referrers).toEqual([expect.objectContaining({ digest: attached.digest })]);
  });

  it('answers 303 to anybody, with the digest cut in the address, which says "Not Found" as text', async () => {
    await using scene = await openWithUser('ghcr-2026');
    const answer = await askReferrers(scene);
    const location = `${scene.registry.elsewhere?.origin}/-/v2/packages/container/package/${encodeURIComponent(`${repository}/referrers/sha256`)}`;
    expect([answer.status, answer.headers.get('location')]).toEqual([303, location]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/json',
      'content-length': '0',
      'docker-distribution-api-version': 'registry/2.0',
    });
    const page = await fetch(location);
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
      404,
      'text/plain; charset=utf-8',
      'Not Found',
    ]);
  });

  it('names a placeholder scope at /v2/, which is never asked for, and gives tokens that do not say when they expire', async () => {
    await using scene = await openWithUser('ghcr-2026');
    const { registry } = scene;
    const base = await ask(scene, '/v2/');
    expect(base.headers.get('www-authenticate')).toBe(
      `Bearer realm="${registry.origin}/token",service="${registry.host}",scope="repository:user/image:pull"`,
    );
    expect(await base.json()).toEqual({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] });
    registry.clearRequests();
    await scene.resolver.resolve(scene.reference);
    const asked = registry.requests.filter(({ endpoint }) => endpoint === 'token');
    expect(asked.map(({ query }) => query.getAll('scope'))).toEqual([[`repository:${repository}:pull`]]);
    const token = await fetch(`${registry.origin}${asked[0]?.url ?? ''}`, { headers: { authorization: userHeader } });
    expect(Object.keys((await token.json()) as object)).toEqual(['token']);
  });

  it('denies a stored credential that is no good, even where everybody may pull', async () => {
    const options = { credentials: () => ({ ...user, password: 'old' }) };
    await using scene = await openWithUser('ghcr-2026', { anonymousPull: true }, options);
    await expect(scene.resolver.resolve(scene.reference)).rejects.toMatchObject({ code: 'ERR_OCI_DENIED' });
  });
});

describe('ghcr-2026/unknown-tags', () => {
  it('confirms an empty list, since the registry itself knows the image', async () => {
    await using scene = await openProfile('ghcr-2026/unknown-tags');
    expect((await list(scene)).referrers).toEqual([]);
    const answer = await ask(scene, 'manifests/5.0.1');
    expect(answer.headers.get('location')).toMatch(/%2Fmanifests%2F5\.0\.1$/);
    expect(secretsAt(scene.registry.elsewhere)).toEqual([]);
  });

  it('attaches the first referrer, since the list of tags says that there is no list of referrers yet', async () => {
    await using scene = await openProfile('ghcr-2026/unknown-tags');
    const attached = await attach(scene);
    expect(digests((await list(scene)).referrers)).toEqual([attached.digest]);
    expect(scene.registry.requests.some(({ endpoint }) => endpoint === 'tags')).toBe(true);
  });

  it('finds the older tags that are there among those that are sent away', async () => {
    await using scene = await openProfile('ghcr-2026/unknown-tags');
    const tag = addLegacyTag(scene, scene.image.descriptor, 'sig');
    expect((await list(scene, { legacyTags: true })).legacy.map((entry) => entry.tag)).toEqual([tag]);
  });
});

it('ghcr-2026/web-limited: is a fault that says when to come back, never an empty list', async () => {
  await using scene = await openProfile('ghcr-2026/web-limited');
  await expect(list(scene)).rejects.toMatchObject({
    code: 'ERR_OCI_RATE_LIMITED',
    attempts: [{ endpoint: 'referrers', status: 429 }],
  });
});
