import { describe, expect, it } from 'vitest';
import { ask, asked, askReferrers, list, openProfile, sbomType, secretsAt, user, userHeader } from './scene.js';

describe('a next page that is a trap', () => {
  it.each([
    ['hostile/link-loop', 'ERR_OCI_BAD_LINK', 1],
    ['hostile/link-elsewhere', 'ERR_OCI_BAD_LINK', 1],
    ['hostile/link-other-repository', 'ERR_OCI_BAD_LINK', 1],
    ['hostile/link-two-targets', 'ERR_OCI_BAD_LINK', 1],
    ['hostile/link-no-url', 'ERR_OCI_BAD_LINK', 1],
    ['hostile/fault-on-page-2', 'ERR_OCI_BAD_SCHEMA', 2],
    ['hostile/endless-pages', 'ERR_OCI_LIMIT_EXCEEDED', 5],
  ] as const)('%s: is an error, never the pages so far, and nobody else is asked', async (name, code, requests) => {
    await using scene = await openProfile(name, {}, { limits: { maxPages: 5 } });
    scene.addReferrer(sbomType, 'sbom');
    await expect(list(scene)).rejects.toMatchObject({ code });
    expect(asked(scene.registry)).toEqual(Array.from({ length: requests }, () => 'GET referrers'));
    expect(scene.registry.elsewhere?.requests).toEqual([]);
    expect((await askReferrers(scene)).headers.get('link')).toMatch(/; rel="next"$/);
  });
});

describe('a redirect that is a trap', () => {
  it.each([
    ['hostile/redirect-loop', 'ERR_OCI_REDIRECT_REFUSED'],
    ['hostile/redirect-without-location', 'ERR_OCI_BAD_HEADER'],
    ['hostile/redirect-to-metadata', 'ERR_OCI_REDIRECT_REFUSED'],
  ] as const)('%s: is an error after one request', async (name, code) => {
    await using scene = await openProfile(name);
    await expect(list(scene)).rejects.toMatchObject({ code });
    expect(asked(scene.registry)).toEqual(['GET referrers']);
    expect((await askReferrers(scene)).status).toBe(307);
  });
});

describe('a challenge that is a trap', () => {
  it('hostile/realm-elsewhere: gets the credential of the registry, unless tokenRealms names who may have it', async () => {
    await using scene = await openProfile('hostile/realm-elsewhere', {}, { credentials: () => user });
    await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
    expect(new Set(secretsAt(scene.registry.elsewhere))).toEqual(new Set(['authorization']));

    const tokenRealms = ['tokens.example.com'];
    await using careful = await openProfile('hostile/realm-elsewhere', {}, { credentials: () => user, tokenRealms });
    await expect(list(careful)).rejects.toMatchObject({ code: 'ERR_OCI_REALM_REFUSED' });
    expect(careful.registry.elsewhere?.requests).toEqual([]);
  });

  it('hostile/realm-metadata: is refused before anything is sent', async () => {
    await using scene = await openProfile('hostile/realm-metadata', {}, { credentials: () => user });
    await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REALM_REFUSED' });
    expect((await ask(scene, '/v2/')).headers.get('www-authenticate')).toContain('realm="http://169.254.169.254/');
  });

  it('hostile/endless-challenges: ends in an error after a few requests, without the password in it', async () => {
    await using scene = await openProfile('hostile/endless-challenges', {}, { credentials: () => user });
    const fault: unknown = await list(scene).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
    expect(scene.registry.requests.length).toBeLessThan(6);
    const told = `${JSON.stringify(fault)} ${String(fault)}`;
    for (const secret of [user.password, userHeader, 'a-token']) expect(told).not.toContain(secret);
  });
});

describe('a text that is a trap', () => {
  it('hostile/ansi-warning: reaches the caller without what a terminal obeys', async () => {
    const warnings: string[] = [];
    const onWarning = ({ text }: { readonly text: string }): void => void warnings.push(text);
    await using scene = await openProfile('hostile/ansi-warning', {}, { onWarning });
    await list(scene);
    expect(warnings).toEqual([String.raw`\u009b2J\u009b31mall is well`]);
  });

  it('hostile/ansi-error: is in the error without what a terminal obeys', async () => {
    await using scene = await openProfile('hostile/ansi-error');
    await expect(list(scene)).rejects.toMatchObject({
      code: 'ERR_OCI_DENIED',
      registryErrors: [{ message: String.raw`\u001b[2J\u001b[31mall is well\u202e` }],
    });
    expect(await (await askReferrers(scene)).text()).toContain(String.raw`\u001b[2J`);
  });

  it('hostile/digest-header-lies: is caught as soon as the bytes are there', async () => {
    await using scene = await openProfile('hostile/digest-header-lies');
    const { descriptor } = await scene.resolver.resolve(scene.reference);
    await expect(scene.fetcher.fetch(descriptor)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
    const listed = { ...scene.image.descriptor };
    scene.registry.store.setReferrersTag('team/app', listed, []);
    await expect(list(scene, { includeTagSchema: true })).rejects.toMatchObject({ code: 'ERR_OCI_DIGEST_MISMATCH' });
  });

  it('hostile/hangs-up: is an error of the network', async () => {
    await using scene = await openProfile('hostile/hangs-up');
    await expect(list(scene)).rejects.toMatchObject({ code: 'ERR_OCI_NETWORK', attempts: [{ endpoint: 'referrers' }] });
    await expect(askReferrers(scene)).rejects.toThrow('fetch failed');
  });
});
