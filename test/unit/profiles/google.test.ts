import { describe, expect, it } from 'vitest';
import {
  ask,
  askReferrers,
  attach,
  digests,
  list,
  openProfile,
  openWithUser,
  repository,
  secretsAt,
  user,
  userHeader,
} from './scene.js';

describe('gar-login-redirect', () => {
  it('is read through the referrers tag: a login page with status 200 is no list, and gets no secret', async () => {
    await using scene = await openWithUser('gar-login-redirect');
    expect(await list(scene, { confirmSubject: true })).toMatchObject({ referrers: [], source: 'tag-schema' });
    const attached = await attach(scene);
    expect(digests((await list(scene)).referrers)).toEqual([attached.digest]);
    expect(secretsAt(scene.registry.elsewhere)).toEqual([]);
  });

  it('redirects to a page that says 200 and is HTML', async () => {
    await using scene = await openProfile('gar-login-redirect');
    const answer = await askReferrers(scene);
    const location = answer.headers.get('location') ?? '';
    expect([answer.status, location]).toEqual([302, expect.stringContaining('/v3/signin/identifier?continue=')]);
    const page = await fetch(location);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  it('names neither service nor scope at /v2/, both below a repository, and asks for pull,push to delete', async () => {
    await using scene = await openWithUser('gar-login-redirect');
    const { origin, host } = scene.registry;
    const realm = `Bearer realm="${origin}/v2/token"`;
    const base = await ask(scene, '/v2/');
    expect(base.headers.get('www-authenticate')).toBe(realm);
    expect(await base.json()).toEqual({
      errors: [{ code: 'UNAUTHORIZED', message: 'not authenticated: No credential was supplied.' }],
    });
    expect((await ask(scene, 'manifests/v1', { method: 'DELETE' })).headers.get('www-authenticate')).toBe(
      `${realm},service="${host}",scope="repository:${repository}:pull,push"`,
    );
    await scene.resolver.resolve(scene.reference);
  });

  it('turns a token that has run out away without a challenge, and lets a new one in', async () => {
    await using scene = await openWithUser('gar-login-redirect');
    const bad = await ask(scene, 'manifests/v1', { headers: { authorization: 'Bearer old' } });
    expect([bad.status, bad.headers.get('www-authenticate')]).toEqual([401, null]);
    expect(await bad.json()).toEqual({
      errors: [{ code: 'UNAUTHORIZED', message: 'No valid credential was supplied.' }],
    });
    await scene.resolver.resolve(scene.reference);
    scene.registry.expireTokens();
    await scene.resolver.resolve(scene.reference);
  });

  it('says at the token service already that nobody may see the repository', async () => {
    await using scene = await openWithUser('gar-login-redirect', {}, { credentials: () => ({ anonymous: true }) });
    await expect(list(scene, { confirmSubject: true })).rejects.toMatchObject({
      code: 'ERR_OCI_DENIED',
      status: 403,
      registryErrors: [{ code: 'DENIED', message: expect.stringContaining('(or it may not exist)') as string }],
    });
    await using wrong = await openWithUser(
      'gar-login-redirect',
      {},
      { credentials: () => ({ ...user, password: 'wrong' }) },
    );
    await expect(wrong.resolver.resolve(wrong.reference)).rejects.toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
  });

  it('knows no POST for a token, and no repository of one component', async () => {
    await using scene = await openWithUser(
      'gar-login-redirect',
      {},
      { credentials: () => ({ identityToken: 'pass:word' }) },
    );
    const post = await ask(scene, '/v2/token', { method: 'POST', headers: { authorization: userHeader } });
    expect(post.status).toBe(405);
    await expect(scene.resolver.resolve(scene.reference)).rejects.toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
    await using open = await openProfile('gar-login-redirect');
    await expect(open.resolver.resolve(`${open.registry.host}/app:v1`)).rejects.toMatchObject({
      registryErrors: [{ code: 'NAME_INVALID', message: 'invalid number of path components: 1' }],
    });
  });
});

it('gar-login-redirect/gcr: lets the user in although the service in its challenge is not quoted', async () => {
  await using scene = await openWithUser('gar-login-redirect/gcr');
  const { origin, host } = scene.registry;
  const challenge = (await ask(scene, '/v2/')).headers.get('www-authenticate');
  expect(challenge).toBe(`Bearer realm="${origin}/v2/token",service=${host}`);
  await scene.resolver.resolve(scene.reference);
});
