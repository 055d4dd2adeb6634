import { buffer } from 'node:stream/consumers';
import { createResolver, type Resolver, type ResolverOptions } from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  type RegistryAnswer,
  startRegistry,
  type TestRegistry,
} from '@stellaops/oci-referrers/testing';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { repository, sbomType } from '../../support/artifact-types.js';
import { authority, otherIdentity } from '../http/certificates.js';
import { startProxy, type TestProxy } from '../http/proxy-server.js';

const account = { username: 'someone', password: 'password-of-someone' };
const reference = `other.example/${repository}:v1`;
const image = buildImage();
const sbom = buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: 'the content of an SBOM' });
const portOf = (registry: TestRegistry): number => Number(new URL(registry.origin).port);

// What is set where the tests run must not decide what they see.
beforeEach(() => {
  for (const name of ['https_proxy', 'http_proxy', 'all_proxy', 'no_proxy']) {
    vi.stubEnv(name, '');
    vi.stubEnv(name.toUpperCase(), '');
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
});

interface Place {
  readonly registry: TestRegistry;
  /** Where the registry keeps its blobs: another origin. */
  readonly store: TestRegistry;
  readonly proxy: TestProxy;
}

/** A registry with token service and store under names that only the proxy knows. */
async function openPlace(realm = 'https://other.example/token'): Promise<Place> {
  const store = await startRegistry({ tls: otherIdentity });
  const registry = await startRegistry({
    tls: otherIdentity,
    auth: { type: 'bearer', ...account },
    rewrite: ({ endpoint, url }, answer) => {
      if (answer.status === 401) return challengeFor(realm, answer);
      if (endpoint !== 'blob' || answer.status !== 200) return answer;
      return { status: 307, headers: { location: `https://other.example:8443${url}` } };
    },
  });
  onTestFinished(async () => {
    await Promise.all([registry.close(), store.close()]);
  });
  for (const { store: held } of [registry, store]) {
    held.add(repository, image, { tag: 'v1' });
    held.add(repository, sbom);
  }
  const routes = { 'other.example:443': portOf(registry), 'other.example:8443': portOf(store) };
  return { registry, store, proxy: await startProxy({ routes }) };
}

function challengeFor(realm: string, answer: RegistryAnswer): RegistryAnswer {
  const challenge = String(answer.headers['www-authenticate']).replace(/realm="[^"]*"/, `realm="${realm}"`);
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': challenge } };
}

function resolverWith(options: ResolverOptions): Resolver {
  const resolver = createResolver({
    credentials: () => account,
    tls: { 'other.example': { ca: authority } },
    headers: { 'other.example': { 'x-api-key': 'key-of-the-registry' } },
    retry: 0,
    ...options,
  });
  onTestFinished(() => resolver.close());
  return resolver;
}

async function lookAround(resolver: Resolver): Promise<string> {
  const { descriptor } = await resolver.resolve(reference);
  const fetcher = await resolver.fetcher(reference);
  const [found] = await fetcher.fetchReferrers(descriptor, sbomType);
  expect(found).toMatchObject({ digest: sbom.descriptor.digest });
  const layer = sbom.blobs.at(-1);
  if (layer === undefined) throw new TypeError('an artifact without content');
  return (await buffer(await fetcher.fetch(layer.descriptor))).toString();
}

describe('behind a proxy', () => {
  it('registry, token service and store are found, and the proxy learns their names alone', async () => {
    const { registry, store, proxy } = await openPlace();
    expect(await lookAround(resolverWith({ proxy: { url: proxy.url } }))).toBe('the content of an SBOM');
    expect(new Set(proxy.seen.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set(['CONNECT other.example:443', 'CONNECT other.example:8443']),
    );
    expect(proxy.heard()).not.toMatch(/authorization|x-api-key|Bearer|Basic/i);
    expect(registry.requests.some(({ endpoint }) => endpoint === 'token')).toBe(true);
    expect(registry.requests.some(({ headers }) => headers['authorization']?.startsWith('Bearer ') === true)).toBe(
      true,
    );
    expect(store.requests.map(({ endpoint }) => endpoint)).toEqual(['blob']);
    for (const { headers } of store.requests) {
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).not.toHaveProperty('x-api-key');
    }
  });

  it('the environment is enough', async () => {
    const { proxy } = await openPlace();
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    expect(await lookAround(resolverWith({}))).toBe('the content of an SBOM');
    expect(proxy.seen.length).toBeGreaterThan(0);
  });

  it('a registry on loopback is asked directly, whatever the environment says', async () => {
    const { proxy } = await openPlace();
    vi.stubEnv('ALL_PROXY', proxy.url);
    const near = await startRegistry();
    onTestFinished(() => near.close());
    near.store.add(repository, image, { tag: 'v1' });
    const { descriptor } = await resolverWith({}).resolve(`${near.host}/${repository}:v1`);
    expect(descriptor).toEqual(image.descriptor);
    expect(proxy.seen).toEqual([]);
  });

  it.each<[string, ResolverOptions, string]>([
    ['the option false', { proxy: false }, ''],
    ['NO_PROXY', {}, 'other.example'],
    ['noProxy of the option', { proxy: { url: 'http://127.0.0.1:1', noProxy: ['.example'] } }, ''],
  ])('is not where %s says so', async (_name, options, excepted) => {
    const { proxy } = await openPlace();
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', excepted);
    // Nobody but the proxy knows the name.
    const resolver = resolverWith({ ...options, timeouts: { connectMs: 3_000 } });
    await expect(resolver.resolve(reference)).rejects.toMatchObject({
      code: expect.stringMatching(/NETWORK|TIMEOUT/) as string,
      message: expect.not.stringContaining('the proxy') as string,
    });
    expect(proxy.seen).toEqual([]);
  });

  it.each(['https://169.254.169.254/token', 'https://127.0.0.1/token', 'https://localhost/token'])(
    'a token service at an address where the registry is not is refused before anything is sent: %s',
    async (realm) => {
      const { proxy } = await openPlace(realm);
      const resolver = resolverWith({ proxy: { url: proxy.url } });
      await expect(resolver.resolve(reference)).rejects.toMatchObject({ code: 'ERR_OCI_REALM_REFUSED' });
      expect(proxy.seen.map(({ path }) => path)).toEqual(['other.example:443']);
    },
  );

  it('a token service that the proxy does not reach is named, with the proxy', async () => {
    const { proxy } = await openPlace('https://other.example:9443/token');
    const resolver = resolverWith({ proxy: { url: proxy.url } });
    await expect(resolver.resolve(reference)).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      message: expect.stringMatching(
        new RegExp(`token for other.example.*the proxy ${proxy.host} did not connect to other.example:9443`),
      ) as string,
    });
  });
});

describe('the option proxy', () => {
  it.each<[string, unknown, string]>([
    ['a URL that is none', { proxy: { url: 'http://me:secret@' } }, 'proxy.url'],
    ['a SOCKS proxy', { proxy: { url: 'socks5://me:secret@proxy:1080' } }, 'proxy.url'],
    ['a field there is not', { proxy: { url: 'http://proxy', uri: 'http://proxy' } }, 'proxy.uri'],
    ['true', { proxy: true }, 'proxy'],
    ['a dispatcher beside it', { proxy: { url: 'http://proxy' }, dispatcher: {} }, 'dispatcher'],
  ])('is refused with %s, and no password is repeated', (_name, options, argument) => {
    expect(() => createResolver(options as ResolverOptions)).toThrow(
      expect.objectContaining({
        code: 'ERR_OCI_INVALID_OPTION',
        argument,
        message: expect.not.stringContaining('secret') as string,
      }),
    );
  });

  it('that the environment gets wrong is an error of the call that needs it', async () => {
    vi.stubEnv('HTTPS_PROXY', 'socks5://me:secret@proxy:1080');
    await expect(resolverWith({}).resolve(reference)).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument: 'HTTPS_PROXY',
      message: expect.stringContaining('SOCKS') as string,
    });
  });
});
