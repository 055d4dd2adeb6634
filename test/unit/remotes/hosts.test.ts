import { createResolver, type HostCapability, type RegistryHost, type Resolver } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { asked, repository, sbomType } from './setup.js';

const all: readonly HostCapability[] = ['pull', 'resolve', 'push', 'referrers'];
const image = buildImage();
const sbom = buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: 'sbom' });

function resolverFor(hosts: readonly RegistryHost[]): Resolver {
  return createResolver({ retry: 0, credentials: () => ({ anonymous: true }), hosts: () => hosts });
}

async function registryWith(referrersApi: boolean, ...contents: (typeof image)[]): Promise<TestRegistry> {
  const registry = await startRegistry({ referrersApi });
  for (const content of contents) registry.store.add(repository, content, content === image ? { tag: 'v1' } : {});
  return registry;
}

const reference = `registry.example.com/${repository}:v1`;

describe('several hosts for one registry', () => {
  it('serve the tag schema on the same host that was asked for the API', async () => {
    await using mirror = await registryWith(true, image, sbom);
    await using upstream = await registryWith(false, image, sbom);
    upstream.store.setReferrersTag(repository, image.descriptor, [{ ...sbom.descriptor, artifactType: sbomType }]);
    await using resolver = resolverFor([
      { host: mirror.host, capabilities: ['pull', 'resolve'] },
      { host: upstream.host, capabilities: all, authoritative: true },
    ]);
    const fetcher = await resolver.fetcher(reference);

    const list = await fetcher.listReferrers(image.descriptor);

    expect(list.host).toBe(upstream.host);
    expect(list.referrers).toHaveLength(1);
    expect(asked(upstream)).toEqual(['GET referrers', 'GET manifest']);
    expect(mirror.requests).toEqual([]);
  });

  it('do not let an empty mirror hide what the registry has', async () => {
    await using mirror = await registryWith(true, image);
    await using upstream = await registryWith(true, image, sbom);
    await using resolver = resolverFor([
      { host: mirror.host, capabilities: all },
      { host: upstream.host, capabilities: all, authoritative: true },
    ]);
    const list = await (await resolver.fetcher(reference)).listReferrers(image.descriptor);
    expect(list.referrers.map((referrer) => referrer.digest)).toEqual([sbom.descriptor.digest]);
    expect(list.warnings).toEqual([expect.stringContaining(`mirror ${mirror.host}`)]);
  });

  it('do not take the word of mirrors alone', async () => {
    await using mirror = await registryWith(true, image, sbom);
    await using resolver = resolverFor([{ host: mirror.host, capabilities: all }]);
    await expect((await resolver.fetcher(reference)).fetchReferrers(image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
    });
  });

  it('take the word of a mirror that is said to be authoritative (air gap)', async () => {
    await using mirror = await registryWith(true, image, sbom);
    await using resolver = resolverFor([{ host: mirror.host, capabilities: all, authoritative: true }]);
    expect(await (await resolver.fetcher(reference)).fetchReferrers(image.descriptor)).toHaveLength(1);
  });

  it('are an error, not an empty list, when none may be asked for referrers', async () => {
    await using mirror = await registryWith(true, image, sbom);
    await using resolver = resolverFor([{ host: mirror.host, capabilities: ['pull', 'resolve'] }]);
    await expect((await resolver.fetcher(reference)).fetchReferrers(image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNSUPPORTED',
      hint: expect.stringContaining("'referrers'") as string,
    });
    expect(mirror.requests).toEqual([]);
  });

  it('resolve and pull from the next host when the first does not have the image, and tell a mirror what it mirrors', async () => {
    await using mirror = await registryWith(true);
    await using upstream = await registryWith(true, image);
    await using resolver = resolverFor([
      { host: mirror.host, capabilities: all },
      { host: upstream.host, capabilities: all },
    ]);
    const { descriptor, name } = await resolver.resolve(reference);
    expect(name).toBe(`registry.example.com/${repository}@${image.descriptor.digest}`);
    const body = await (await resolver.fetcher(reference)).fetch(descriptor);
    expect(Buffer.concat(await body.toArray())).toEqual(Buffer.from(image.manifest));
    expect(mirror.requests[0]?.query.get('ns')).toBe('registry.example.com');
  });

  it.each([
    ['a capability nobody knows', { host: 'a.example', capabilities: ['pul'] }, 'hosts.0.capabilities.0'],
    ['no capabilities', { host: 'a.example' }, 'hosts.0.capabilities'],
    ['a URL instead of a host', { host: 'https://a.example', capabilities: [] }, 'hosts.0.host'],
    [
      'a header that belongs to credentials',
      { host: 'a.example', capabilities: [], headers: { cookie: 'x' } },
      'hosts.0.headers.cookie',
    ],
  ])('are refused with %s, by name', async (_name, host, argument) => {
    await using resolver = resolverFor([host as never]);
    await expect(resolver.resolve(reference)).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument });
  });

  it('do not share what is secret, even when two registries are served by one address', async () => {
    await using mirror = await registryWith(true, image);
    await using resolver = createResolver({
      retry: 0,
      credentials: () => ({ anonymous: true }),
      hosts: (registry) => [{ host: mirror.host, capabilities: all, headers: { 'x-for': registry } }],
    });
    for (const registry of ['a.example', 'b.example']) await resolver.resolve(`${registry}/${repository}:v1`);
    expect(mirror.requests.map((request) => request.headers['x-for'])).toEqual(['a.example', 'b.example']);
  });
});
