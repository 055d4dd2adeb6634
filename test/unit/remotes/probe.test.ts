import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createResolver, isOciError, type OciError, probeCapabilities, type Resolver } from '@stellaops/oci-referrers';
import { buildImage, startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it, vi } from 'vitest';
import { asked, openScene, repository } from './setup.js';

async function faultOf(work: Promise<unknown>): Promise<OciError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isOciError(error)) throw new Error(`no fault of this package: ${String(error)}`);
  return error;
}

describe('a probe that only reads', () => {
  it('asks three things, and says what it found and what nobody asked', async () => {
    await using scene = await openScene();
    const found = await probeCapabilities(scene.resolver, scene.reference);
    expect(asked(scene.registry)).toEqual(['GET base', 'HEAD manifest', 'GET referrers']);
    expect(found).toMatchObject({
      registry: scene.registry.host,
      host: scene.registry.host,
      repository,
      version: 'registry/2.0',
      referrersApi: true,
      fallbackTags: true,
      supported: 2,
      cached: false,
      warnings: [],
    });
    expect(Number.isInteger(found.probeMs) && found.probeMs >= 0).toBe(true);
    expect(found.capabilities.map(({ name, state }) => `${name}: ${state}`)).toEqual([
      'version-header: supported',
      'referrers-api: supported',
      'chunked-upload: unknown',
      'cross-repository-mount: unknown',
      'delete: unknown',
    ]);
    expect(found.capabilities.slice(2).every(({ evidence }) => evidence.includes('writeProbes'))).toBe(true);
  });

  it('takes the version of the specification before that of Docker, as it is but harmless on a terminal', async () => {
    const headers = { 'oci-distribution-api-version': 'OCI-Distribution/2.1 \u009b31m' };
    await using scene = await openScene({ rewrite: (_request, answer) => ({ ...answer, headers }) });
    await using other = await openScene({
      rewrite: ({ endpoint }, answer) => (endpoint === 'base' ? { ...answer, headers } : answer),
    });
    expect((await probeCapabilities(other.resolver, other.reference)).version).toBe('OCI-Distribution/2.1 \\u009b31m');
    await expect(probeCapabilities(scene.resolver, scene.reference)).rejects.toThrow();
  });

  it('reads the version from a 401, and gives /v2/ no credentials', async () => {
    const auth = { username: 'user', password: 'secret' };
    await using scene = await openScene({ auth }, { credentials: () => auth });
    const found = await probeCapabilities(scene.resolver, scene.reference);
    expect(found).toMatchObject({ version: 'registry/2.0', referrersApi: true });
    expect(found.capabilities[0]?.evidence).toBe('Docker-Distribution-API-Version: registry/2.0 in the 401 at /v2/');
    const base = scene.registry.requests.filter(({ endpoint }) => endpoint === 'base');
    expect(base.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
  });

  it('shows nothing that was sent as a secret and comes back in a header', async () => {
    const key = 'planted-key-0123456789';
    const auth = { username: 'user', password: 'planted-password', anonymousPull: false };
    const lines: string[] = [];
    const logger = {
      debug: lines.push.bind(lines),
      info: lines.push.bind(lines),
      warn: lines.push.bind(lines),
      error: lines.push.bind(lines),
    };
    await using scene = await openScene(
      {
        auth,
        rewrite: ({ headers, endpoint }, answer) => {
          const echo = `${String(headers['x-api-key'])} ${String(headers['authorization'])}`;
          const said = { 'docker-distribution-api-version': echo, warning: `299 - "${echo}"` };
          const type = endpoint === 'referrers' ? { 'content-type': `text/${echo}` } : {};
          return { ...answer, headers: { ...answer.headers, ...said, ...type } };
        },
      },
      {
        headers: (host) => ({ 'x-api-key': host === '' ? '' : key }),
        credentials: () => ({ username: auth.username, password: auth.password }),
        onWarning: ({ text }) => lines.push(text),
        logger,
      },
    );
    const found = await probeCapabilities(scene.resolver, scene.reference);
    const shown = [JSON.stringify(found), ...lines].join('\n');
    const authorization = scene.registry.requests.at(-1)?.headers['authorization'] ?? '';
    const token = authorization.replace(/^\S+ /, '');
    expect(token.length).toBeGreaterThan(5);
    expect(shown).toContain('REDACTED');
    for (const secret of [key, auth.password, token]) expect(shown.toLowerCase()).not.toContain(secret.toLowerCase());
  });

  it('remembers an answer for each repository, until it is told to ask anew', async () => {
    await using scene = await openScene();
    const { registry, resolver, reference } = scene;
    registry.store.add('team/other', buildImage(), { tag: 'v1' });
    const first = await probeCapabilities(resolver, reference);
    registry.clearRequests();
    expect(await probeCapabilities(resolver, reference)).toEqual({ ...first, cached: true });
    expect(registry.requests).toHaveLength(0);
    expect((await probeCapabilities(resolver, `${registry.host}/team/other:v1`)).cached).toBe(false);
    expect((await probeCapabilities(resolver, reference, { refresh: true })).cached).toBe(false);
    expect(registry.requests).toHaveLength(6);
  });

  it.each([{ capabilityTtlMs: 0 }, { capabilityTtlMs: 1 }])(
    'asks again where $capabilityTtlMs ms are over',
    async (options) => {
      await using scene = await openScene({}, options);
      await probeCapabilities(scene.resolver, scene.reference);
      await vi.waitFor(async () => {
        expect((await probeCapabilities(scene.resolver, scene.reference)).cached).toBe(false);
      });
    },
  );

  it('tells discovery of a missing API what a plain 404 for a known image tells it, and no more', async () => {
    await using plain = await openScene({ referrersApi: false });
    await using weak = await openScene({ profile: 'olareg-off' });
    for (const { resolver, reference, fetcher, image } of [plain, weak]) {
      expect((await probeCapabilities(resolver, reference)).referrersApi).toBe(false);
      expect((await fetcher.listReferrers(image.descriptor)).source).toBe('tag-schema');
    }
    const lists = (requests: typeof plain.registry.requests): number =>
      requests.filter(({ endpoint }) => endpoint === 'referrers').length;
    expect([lists(plain.registry.requests), lists(weak.registry.requests)]).toEqual([1, 2]);
  });

  it('does not believe that an API is missing which was there before', async () => {
    let denies = false;
    await using scene = await openScene({
      intercept: ({ endpoint }, response) => {
        if (!denies || endpoint !== 'referrers') return false;
        response.writeHead(404).end();
        return true;
      },
    });
    await probeCapabilities(scene.resolver, scene.reference);
    denies = true;
    const fault = await faultOf(probeCapabilities(scene.resolver, scene.reference, { refresh: true }));
    expect(fault.code).toBe('ERR_OCI_REFERRERS_INCONSISTENT');
    expect(fault.attempts.map(({ rule }) => rule)).toEqual(['not-found', 'not-found']);
  });

  it('believes no other origin about the version, and names the time that was too short', async () => {
    await using elsewhere = await startRegistry();
    await using scene = await openScene({
      intercept: ({ endpoint, url }, response) => {
        if (endpoint !== 'base') return false;
        response.writeHead(307, { location: `${elsewhere.origin}${url}` }).end();
        return true;
      },
    });
    const { version, capabilities } = await probeCapabilities(scene.resolver, scene.reference);
    expect([version, capabilities[0]?.state]).toEqual([undefined, 'unknown']);
    expect(capabilities[0]?.evidence).toContain(`to ${elsewhere.host}`);
    await using silent = await openScene(
      { intercept: () => true },
      { timeouts: { requestMs: 5_000, discoveryMs: 100 } },
    );
    const fault = await faultOf(probeCapabilities(silent.resolver, silent.reference));
    expect(fault).toMatchObject({
      code: 'ERR_OCI_TIMEOUT',
      hint: expect.stringContaining('timeouts.discoveryMs') as unknown,
    });
  });

  it('names the reference to give where the image is not there', async () => {
    await using scene = await openScene();
    const { host } = scene.registry;
    const fault = await faultOf(probeCapabilities(scene.resolver, `${host}/${repository}`));
    expect(fault.code).toBe('ERR_OCI_NOT_FOUND');
    expect(fault.message).toBe(`probe ${host}/${repository}:latest: ${host} has no such image to ask the referrers of`);
    expect(fault.hint).toContain(`${host}/${repository}:TAG or ${host}/${repository}@DIGEST`);
  });

  it('makes each request once, also where the resolver would try again, and keeps no fault', async () => {
    let isDown = true;
    await using registry = await startRegistry({
      intercept: (_request, response) => {
        if (isDown) response.writeHead(503).end();
        return isDown;
      },
    });
    registry.store.add(repository, buildImage(), { tag: 'v1' });
    await using resolver = createResolver({ credentials: () => ({ anonymous: true }) });
    const reference = `${registry.host}/${repository}:v1`;
    const fault = await faultOf(probeCapabilities(resolver, reference));
    expect(fault).toMatchObject({ code: 'ERR_OCI_REGISTRY_STATUS', status: 503 });
    expect(asked(registry)).toEqual(['GET base']);
    isDown = false;
    expect((await probeCapabilities(resolver, reference)).cached).toBe(false);
  });

  it('ends when its time is up, and with the reason of whoever gives up', async () => {
    await using silent = await startRegistry({ intercept: () => true });
    const reference = `${silent.host}/${repository}:v1`;
    const open = (requestMs: number): Resolver => createResolver({ retry: 0, timeouts: { requestMs } });
    await using hasty = open(50);
    expect((await faultOf(probeCapabilities(hasty, reference))).code).toBe('ERR_OCI_TIMEOUT');
    await using patient = open(60_000);
    const reason = new Error('enough');
    const controller = new AbortController();
    const probing = probeCapabilities(patient, reference, { signal: controller.signal });
    await vi.waitFor(() => {
      expect(silent.requests).toHaveLength(2);
    });
    controller.abort(reason);
    await expect(probing).rejects.toBe(reason);
  });

  it('says so where nothing listens, where a web page answers, and where an option is misspelt', async () => {
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end(`<html>${'x'.repeat(100_000)}</html>`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using resolver = createResolver({ retry: 0 });
    const page = await faultOf(probeCapabilities(resolver, `${host}/${repository}`));
    expect(page.message).toBe(`${host} answers /v2/ with a web page, not as a registry`);
    await new Promise((resolve) => server.close(resolve));
    expect((await faultOf(probeCapabilities(resolver, `${host}/${repository}`))).code).toBe('ERR_OCI_NETWORK');
    const misspelt = { writeProbe: true } as object;
    for (const call of [probeCapabilities(resolver, host, misspelt), resolver.probe(host, misspelt)]) {
      expect((await faultOf(call)).message).toBe('option writeProbe: is not an option');
    }
  });

  it('asks the host whose list decides, and passes a warning of it on once', async () => {
    await using mirror = await startRegistry();
    await using registry = await startRegistry({
      rewrite: (_request, answer) => ({ ...answer, headers: { ...answer.headers, warning: '299 - "soon gone"' } }),
    });
    const image = buildImage();
    for (const { store } of [mirror, registry]) store.add(repository, image, { tag: 'v1' });
    const warnings: string[] = [];
    await using resolver = createResolver({
      retry: 0,
      hosts: (name) => [
        { host: mirror.host, capabilities: ['pull', 'resolve', 'referrers'] },
        { host: name, capabilities: ['pull', 'resolve', 'push', 'referrers'] },
      ],
      onWarning: ({ text }) => warnings.push(text),
    });
    const reference = `${registry.host}/${repository}:v1`;
    expect((await probeCapabilities(resolver, reference)).host).toBe(registry.host);
    expect(mirror.requests).toHaveLength(0);
    await (await resolver.fetcher(reference)).listReferrers(image.descriptor);
    expect(warnings).toEqual(['soon gone']);
  });
});
