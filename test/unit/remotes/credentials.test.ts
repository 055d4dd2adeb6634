import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachArtifact, createResolver } from '@stellaops/oci-referrers';
import { startRegistry, type TestRegistryAuth } from '@stellaops/oci-referrers/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openScene, repository, sbomType } from './setup.js';

const account = { username: 'me', password: 'pa:ss wörd' };
const auth = (type: TestRegistryAuth['type']): TestRegistryAuth => ({ type, ...account });
const sbom = { artifactType: sbomType, files: [{ mediaType: sbomType, content: Buffer.from('{}') }] };

describe.each(['basic', 'bearer'] as const)('a registry that asks for %s authentication', (type) => {
  it('is resolved, listed and pushed to with credentials from a callback, asked once', async () => {
    const credentials = vi.fn(() => account);
    await using scene = await openScene({ auth: auth(type) }, { credentials });
    const { descriptor } = await scene.resolver.resolve(scene.reference);
    await attachArtifact(await scene.resolver.pusher(scene.reference), descriptor, sbom);
    expect(await scene.fetcher.fetchReferrers(descriptor)).toHaveLength(1);
    expect(credentials).toHaveBeenCalledWith(scene.registry.host, expect.anything());
  });

  it('says that a password is wrong, where, and what to do, and never the password', async () => {
    await using scene = await openScene(
      { auth: auth(type) },
      { credentials: () => ({ ...account, password: 'wrong-secret' }) },
    );
    const error = await scene.resolver.resolve(scene.reference).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'ERR_OCI_UNAUTHORIZED',
      hint: expect.stringContaining('docker login') as string,
    });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('wrong-secret');
  });

  it('refuses a list rather than give an empty one', async () => {
    await using scene = await openScene({ auth: auth(type) });
    scene.addReferrer(sbomType, 'sbom');
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_UNAUTHORIZED',
    });
  });
});

describe("credentials in Docker's configuration", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('are used for exactly the host they are filed under', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oci-referrers-test-'));
    await using known = await startRegistry({ auth: auth('basic') });
    await using stranger = await startRegistry({ auth: auth('basic') });
    const encoded = Buffer.from(`${account.username}:${account.password}`).toString('base64');
    await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [known.host]: { auth: encoded } } }));
    vi.stubEnv('DOCKER_CONFIG', folder);
    vi.stubEnv('REGISTRY_AUTH_FILE', undefined);
    try {
      await using resolver = createResolver({ retry: 0 });
      const resolve = (host: string): Promise<unknown> => resolver.resolve(`${host}/${repository}:v1`);
      await expect(resolve(known.host)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
      await expect(resolve(stranger.host)).rejects.toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
      expect(stranger.requests.map((request) => request.headers['authorization'])).toEqual(
        stranger.requests.map(() => undefined),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('a header configured for a host', () => {
  it('is sent to that host and to no other', async () => {
    await using known = await startRegistry();
    await using stranger = await startRegistry();
    await using resolver = createResolver({ retry: 0, headers: { [known.host]: { 'X-Api-Key': 'key' } } });
    for (const host of [known.host, stranger.host]) {
      await resolver.resolve(`${host}/${repository}:v1`).catch(() => undefined);
    }
    expect(known.requests.every((request) => request.headers['x-api-key'] === 'key')).toBe(true);
    expect(stranger.requests.some((request) => 'x-api-key' in request.headers)).toBe(false);
  });
});
