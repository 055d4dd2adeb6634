import { describe, expect, it } from 'vitest';
import {
  addLegacyTag,
  ask,
  askReferrers,
  attachAndList,
  list,
  openProfile,
  openWithUser,
  repository,
  sbomType,
  user,
  userHeader,
  wire,
} from './scene.js';

describe('artifactory-legacy', () => {
  it('keeps and finds referrers under the tag', async () => {
    await using scene = await openProfile('artifactory-legacy');
    const found = await attachAndList(scene);
    expect(found).toMatchObject({ source: 'tag-schema', isListed: true });
    expect(found.attempts[0]).toMatchObject({ status: 406, rule: 'not-acceptable' });
  });

  it('answers 406 with a number where others have a code', async () => {
    await using scene = await openProfile('artifactory-legacy');
    expect(await wire(await askReferrers(scene), 'content-type', 'x-jfrog-version')).toEqual([
      406,
      'application/json;charset=ISO-8859-1',
      'Artifactory/7.46.11 74611900',
      '{"errors":[{"status":406,"message":"Not Acceptable"}]}',
    ]);
    const answer = await ask(scene, 'tags/list', { method: 'POST' });
    expect([answer.status, await answer.json()]).toEqual([
      405,
      { errors: [{ status: 405, message: 'Method Not Allowed' }] },
    ]);
  });

  it('gives a HEAD no scope, which is asked for all the same', async () => {
    await using scene = await openWithUser('artifactory-legacy');
    const challengeTo = async (method: string): Promise<string> =>
      (await ask(scene, 'manifests/v1', { method })).headers.get('www-authenticate') ?? '';
    expect(await challengeTo('HEAD')).not.toContain('scope');
    expect(await challengeTo('GET')).toContain(`scope="repository:${repository}:pull"`);
    await scene.resolver.resolve(scene.reference);
    const post = await fetch(`${scene.registry.origin}/artifactory/api/docker/docker-local/v2/token`, {
      method: 'POST',
    });
    expect(post.status).toBe(405);
  });

  it('takes Basic credentials where it is set up so', async () => {
    await using scene = await openWithUser('artifactory-legacy', { type: 'basic' });
    expect((await ask(scene, '/v2/')).headers.get('www-authenticate')).toBe('Basic realm="Artifactory Realm"');
    expect((await ask(scene, '/v2/', { headers: { authorization: userHeader } })).status).toBe(200);
    await scene.resolver.resolve(scene.reference);
  });

  it('links to the tags of another repository: an error, never a short list', async () => {
    await using scene = await openProfile('artifactory-legacy', { tagsPageSize: 1 });
    addLegacyTag(scene, scene.addReferrer(sbomType, 'sbom').descriptor, 'custom');
    expect((await ask(scene, 'tags/list?n=1')).headers.get('link')).toBe('</v2/app/tags/list?last=1&n=1>; rel="next"');
    await expect(list(scene, { legacyTags: true })).rejects.toMatchObject({ code: 'ERR_OCI_BAD_LINK' });
    expect((await ask(scene, 'tags/list', { headers: { accept: 'text/plain' } })).status).toBe(406);
  });
});

it('artifactory-7.90: lists referrers itself', async () => {
  await using scene = await openProfile('artifactory-7.90', {}, { credentials: () => user });
  const found = await attachAndList(scene);
  expect(found).toMatchObject({ source: 'api', isListed: true });
  expect((await askReferrers(scene)).headers.get('x-jfrog-version')).toBe('Artifactory/7.117.21');
});
