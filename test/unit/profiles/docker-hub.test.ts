import { buildArtifact } from '@stellaops/oci-referrers/testing';
import { expect, it } from 'vitest';
import {
  ask,
  askReferrers,
  attach,
  attachAndList,
  list,
  openProfile,
  openWithUser,
  repository,
  sbomType,
  unknownDigest,
} from './scene.js';

it.each([
  ['hub-2024', 404],
  ['hub-2024/dangling-400', 400],
] as const)(
  '%s: keeps referrers under the tag, whatever OCI-Subject claims, and says %i to a dangling one',
  async (name, status) => {
    await using scene = await openProfile(name);
    const { image, resolver, reference } = scene;
    const found = await attachAndList(scene);
    const { attached } = found;
    expect(found).toMatchObject({ source: 'tag-schema', isListed: true });
    const put = await ask(scene, `manifests/${attached.digest}`, {
      method: 'PUT',
      headers: { 'content-type': attached.mediaType },
      body: new Uint8Array(await (await ask(scene, `manifests/${attached.digest}`)).arrayBuffer()),
    });
    expect([put.status, put.headers.get('oci-subject')]).toEqual([201, image.descriptor.digest]);
    expect((await askReferrers(scene)).status).toBe(404);

    const pusher = await resolver.pusher(reference);
    const subject = { ...image.descriptor, digest: unknownDigest };
    const dangling = buildArtifact({ artifactType: sbomType, subject, content: 'x' });
    for (const { descriptor, bytes } of dangling.blobs) await pusher.push(descriptor, bytes);
    await expect(pusher.push(dangling.descriptor, dangling.manifest)).rejects.toMatchObject({ status });
  },
);

it('hub-2026: lists referrers itself, and counts pulls in headers of answers that are fine', async () => {
  await using scene = await openProfile('hub-2026');
  const found = await attachAndList(scene);
  expect(found).toMatchObject({ source: 'api', isListed: true });
  for (const method of ['GET', 'HEAD']) {
    expect(Object.fromEntries((await ask(scene, 'manifests/v1', { method })).headers)).toMatchObject({
      'ratelimit-limit': '100;w=21600',
      'ratelimit-remaining': '0;w=21600',
      'docker-ratelimit-source': '127.0.0.1',
    });
  }
});

it('hub-2026: gives tokens on another host, and no more than the user may have', async () => {
  await using scene = await openWithUser(
    'hub-2026',
    { anonymousPull: true },
    { credentials: () => ({ anonymous: true }) },
  );
  const { elsewhere } = scene.registry;
  expect((await ask(scene, '/v2/')).headers.get('www-authenticate')).toBe(
    `Bearer realm="${elsewhere?.origin}/token",service="registry.docker.io"`,
  );
  await scene.resolver.resolve(scene.reference);
  scene.registry.clearRequests();
  await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
  expect(scene.registry.requests.length).toBeLessThan(10);
  const token = await fetch(
    `${elsewhere?.origin}/token?service=registry.docker.io&scope=repository:${repository}:pull,push`,
  );
  expect(Object.keys((await token.json()) as object).sort()).toEqual([
    'access_token',
    'expires_in',
    'issued_at',
    'token',
  ]);
});

it.each([
  ['hub-2026/rate-limited', 'You have reached your unauthenticated pull rate limit.', 'application/json'],
  ['hub-2026/abuse-limited', 'Too Many Requests (HAP429)', 'text/plain'],
] as const)('%s: is a rate limit with the words of the registry', async (name, words, type) => {
  await using scene = await openProfile(name);
  const fault: unknown = await list(scene).catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: 'ERR_OCI_RATE_LIMITED', message: expect.stringContaining(words) as string });
  const answer = await askReferrers(scene);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([429, type]);
});
