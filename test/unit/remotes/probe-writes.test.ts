import { probeCapabilities, type RegistryCapabilities } from '@stellaops/oci-referrers';
import {
  type ProfileName,
  type RegistryAnswer,
  startRegistry,
  type TestRegistry,
} from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, repository, type Scene } from './setup.js';

const neighbour = `${repository}-oci-probe`;

const page = (status: number): RegistryAnswer => ({ status, headers: { 'content-type': 'text/html' } });
const refusal = (status: number, code: string): RegistryAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify({ errors: [{ code, message: code }] })),
});

/** What each repository holds, by digest. */
function held({ store }: TestRegistry): Record<string, readonly string[]> {
  return Object.fromEntries(
    [...store.repositories]
      .map(([name, { blobs, manifests }]) => [name, [...blobs.keys(), ...manifests.keys()].sort()] as const)
      .filter(([, digests]) => digests.length > 0),
  );
}

async function probe({ resolver, reference }: Scene): Promise<RegistryCapabilities> {
  return await probeCapabilities(resolver, reference, { writeProbes: true });
}

/** State and evidence of the three that take a write. */
function writes({ capabilities }: RegistryCapabilities): readonly string[] {
  return capabilities.slice(2).map(({ state, evidence }) => `${state}: ${evidence}`);
}

const chunked = 'supported: POST 202, PATCH 202, PATCH 202, PUT 201; by the status of POST alone: supported';
const mounted = `supported: POST ?mount into ${neighbour} 201; by a status of 201 or 202: supported`;
const notMounted = `unsupported: POST ?mount into ${neighbour} 202: an upload was opened instead; by a status of 201 or 202: supported`;
const deleted = (allow: string): string => `supported: DELETE 202, HEAD 404; by Allow of OPTIONS (${allow}`;
const readOnly = 'unknown: upload of a blob 405: nothing can be written here to see what becomes of it';

describe('a probe that writes', () => {
  it.each<[ProfileName, number, readonly string[]]>([
    ['conformant-1.1', 5, [chunked, mounted, deleted('405): unsupported')]],
    ['distribution-2.8/delete-enabled', 4, [chunked, mounted, deleted('200): supported')]],
    ['olareg-paged', 5, [chunked, mounted, deleted('405): unsupported')]],
    ['zot-2.1.20', 5, [chunked, mounted, deleted('200): unsupported')]],
    ['crane-serve', 3, [chunked, notMounted, deleted('400): unsupported')]],
    [
      'ecr',
      4,
      [
        'unsupported: POST 202, PATCH 201, PATCH 201, PUT 400; by the status of POST alone: supported',
        mounted,
        deleted('405): unsupported'),
      ],
    ],
    [
      'distribution-2.8/read-only',
      1,
      ['unsupported: POST 405; by the status of POST alone: unsupported', readOnly, readOnly],
    ],
  ])('finds out what %s does, and leaves nothing behind', async (profile, score, findings) => {
    await using scene = await openScene({ profile });
    const before = held(scene.registry);
    const found = await probe(scene);
    expect([writes(found), found.supported]).toEqual([findings, score]);
    expect(held(scene.registry)).toEqual(before);
    const isCrane = profile === 'crane-serve';
    expect(found.warnings).toEqual(
      isCrane
        ? [`an upload of ${found.host}/${neighbour} could not be cancelled; it ends when the registry lets it expire`]
        : [],
    );
  });

  it('names what a registry that deletes nothing makes it leave behind', async () => {
    await using scene = await openScene({ profile: 'distribution-2.8' });
    const { registry } = scene;
    const before = held(registry)[repository] ?? [];
    const found = await probe(scene);
    expect(writes(found)[2]).toBe('unsupported: DELETE 405; by Allow of OPTIONS (200): supported');
    const why = 'could not be removed again: DELETE was answered with 405';
    const left = held(registry);
    const own = (left[repository] ?? []).filter((digest) => !before.includes(digest));
    expect(found.warnings).toHaveLength(2);
    expect(found.warnings[0]).toMatch(
      new RegExp(`^the probe wrote manifest sha256:.*, which in ${registry.host}/${repository} ${why}$`),
    );
    for (const digest of own) expect(found.warnings[0]).toContain(digest);
    expect([own.length, left[neighbour]?.length]).toEqual([3, 1]);
    expect(found.warnings[1]).toBe(
      `the probe wrote blob ${String(left[neighbour]?.[0])}, which in ${registry.host}/${neighbour} ${why}`,
    );
  });

  it.each([200, 404])('believes no other origin what became of something that was deleted (%i)', async (status) => {
    await using elsewhere = await startRegistry({
      intercept: (_request, response) => {
        response.writeHead(status).end();
        return true;
      },
    });
    let isDeleted = false;
    await using scene = await openScene({
      intercept: ({ method, endpoint, url }, response) => {
        if (method === 'DELETE' && endpoint === 'manifest') {
          isDeleted = true;
          response.writeHead(202).end();
          return true;
        }
        if (!isDeleted || method !== 'HEAD' || endpoint !== 'manifest') return false;
        response.writeHead(307, { location: `${elsewhere.origin}${url}` }).end();
        return true;
      },
    });
    const found = await probe(scene);
    expect(writes(found)[2]).toContain(`what became of it is the word of ${elsewhere.host}, not of the registry`);
    expect(found.capabilities[4]?.state).toBe('unknown');
    expect(found.warnings.join()).toMatch(/^the probe wrote manifest sha256:/);
  });

  it.each<[string, RegistryAnswer, string, string | undefined]>([
    ['a page for people', page(200), 'unknown', 'ERR_OCI_BAD_CONTENT_TYPE'],
    ['a page of a router', page(404), 'unknown', 'ERR_OCI_BAD_CONTENT_TYPE'],
    ["a router's 404", { status: 404, headers: {} }, 'unknown', 'ERR_OCI_NOT_FOUND'],
    ["a proxy's 413", { status: 413, headers: {} }, 'unknown', 'ERR_OCI_REGISTRY_STATUS'],
    ['a 204', { status: 204, headers: {} }, 'unknown', 'ERR_OCI_REGISTRY_STATUS'],
    ['a 405', { status: 405, headers: {} }, 'unsupported', undefined],
    ['a 404 with a code', refusal(404, 'UNSUPPORTED'), 'unsupported', undefined],
  ])('takes %s in answer to an upload for what it is', async (_what, answer, state, fault) => {
    await using scene = await openScene({
      rewrite: ({ method, endpoint }, right) => (method === 'POST' && endpoint === 'upload' ? answer : right),
    });
    expect((await probe(scene)).capabilities[2]).toMatchObject({ state, ...(fault === undefined ? {} : { fault }) });
  });

  it('names in the error of a probe that ran out of time what it left behind', async () => {
    await using scene = await openScene(
      {
        intercept: ({ method, endpoint }, response) => {
          if (method === 'PUT' && endpoint === 'manifest') return true;
          if (method !== 'DELETE' || endpoint === 'upload') return false;
          response.writeHead(405).end();
          return true;
        },
      },
      { timeouts: { discoveryMs: 500 } },
    );
    const fault: unknown = await probe(scene).catch((error: unknown) => error);
    expect(fault).toMatchObject({
      code: 'ERR_OCI_TIMEOUT',
      hint: expect.stringContaining('discoveryMs (--timeout)') as unknown,
    });
    expect(String(fault)).toMatch(/was not probed within 500 ms; the probe wrote .*could not be removed again/);
  });

  it("does not take a router's 404 for the end of an upload", async () => {
    await using scene = await openScene({
      profile: 'crane-serve',
      intercept: ({ method, endpoint }, response) => {
        if (method !== 'DELETE' || endpoint !== 'upload') return false;
        response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
        return true;
      },
    });
    expect((await probe(scene)).warnings.join()).toContain('could not be cancelled');
  });

  it('names what a registry keeps that says it has deleted it', async () => {
    await using scene = await openScene({
      intercept: ({ method, endpoint }, response) => {
        if (method !== 'DELETE' || endpoint === 'upload') return false;
        response.writeHead(202).end();
        return true;
      },
    });
    const found = await probe(scene);
    expect(writes(found)[2]).toContain('unsupported: DELETE 202, HEAD 200: it is still there');
    expect(found.warnings.join()).toContain('the registry says that it was, and it is still there');
    for (const digest of held(scene.registry)[neighbour] ?? ['none']) expect(found.warnings.join()).toContain(digest);
  });

  it('is remembered apart from one that only reads', async () => {
    await using scene = await openScene();
    expect((await probeCapabilities(scene.resolver, scene.reference)).supported).toBe(2);
    expect(await probe(scene)).toMatchObject({ supported: 5, cached: false });
    expect(await probe(scene)).toMatchObject({ supported: 5, cached: true });
    expect((await probeCapabilities(scene.resolver, scene.reference)).supported).toBe(2);
  });

  it('says who may not write, and does not take that for what the registry can do', async () => {
    const auth = { username: 'user', password: 'secret', anonymousPull: true };
    await using scene = await openScene({ auth });
    const found = await probe(scene);
    expect(found).toMatchObject({ referrersApi: true, supported: 2 });
    expect(found.capabilities.slice(2).map(({ state, fault }) => [state, fault])).toEqual(
      Array.from({ length: 3 }, () => ['unknown', 'ERR_OCI_UNAUTHORIZED']),
    );
    expect(writes(found)[1]).toBe('unknown: upload of a blob 401: the account may not do this');
    expect((await probe(scene)).cached).toBe(false);
  });

  it.each(['POST upload', 'PATCH upload', 'PUT upload', 'PUT manifest', 'DELETE manifest'])(
    'leaves open what a fault of %s leaves open, says so, and removes everything',
    async (faulty) => {
      let isFaulty = true;
      await using scene = await openScene({
        rewrite: ({ method, endpoint }, answer) => {
          if (!isFaulty || `${method} ${endpoint}` !== faulty) return answer;
          // Cleaning up finds it well again.
          if (method === 'DELETE') isFaulty = false;
          return { status: 503, headers: {} };
        },
      });
      const before = held(scene.registry);
      const found = await probe(scene);
      const open = found.capabilities.filter(({ fault }) => fault === 'ERR_OCI_REGISTRY_STATUS');
      expect(open.length).toBeGreaterThan(0);
      expect(open.every(({ state, evidence }) => state === 'unknown' && /50[0-9]: failed/.test(evidence))).toBe(true);
      expect(held(scene.registry)).toEqual(before);
      expect((await probe(scene)).cached).toBe(false);
    },
  );

  it.each(['PATCH upload', 'PUT manifest', 'DELETE manifest'])(
    'cleans up after whoever gives up at %s',
    async (last) => {
      const controller = new AbortController();
      const reason = new Error('enough');
      await using scene = await openScene({
        rewrite: async ({ method, endpoint }, answer) => {
          if (`${method} ${endpoint}` !== last || controller.signal.aborted) return answer;
          controller.abort(reason);
          return await Promise.resolve(answer);
        },
      });
      const before = held(scene.registry);
      const { resolver, reference, registry } = scene;
      const options = { writeProbes: true, signal: controller.signal };
      await expect(probeCapabilities(resolver, reference, options)).rejects.toBe(reason);
      expect(held(registry)).toEqual(before);
      if (last !== 'PATCH upload') return;
      expect(registry.requests.at(-1)).toMatchObject({ method: 'DELETE', endpoint: 'upload', status: 204 });
    },
  );

  it('sends chunks as large as the registry asks for, unless that is too much for a probe', async () => {
    let least = 1_000_000;
    await using scene = await openScene({
      rewrite: ({ method, endpoint }, answer) =>
        method === 'POST' && endpoint === 'upload'
          ? { ...answer, headers: { ...answer.headers, 'oci-chunk-min-length': String(least) } }
          : answer,
    });
    expect((await probe(scene)).supported).toBe(5);
    const ranges = scene.registry.requests.flatMap(({ headers }) => headers['content-range'] ?? []);
    expect(ranges).toEqual(['0-999999', '1000000-1000511']);
    least = 100_000_000;
    const more = await probeCapabilities(scene.resolver, scene.reference, { writeProbes: true, refresh: true });
    expect(writes(more)[0]).toContain('unknown: POST 202: the registry asks for chunks of 100000000 bytes or more');
  });

  it('writes nothing to a host that is not one for pushes', async () => {
    await using scene = await openScene(
      {},
      { hosts: (host) => [{ host, capabilities: ['pull', 'resolve', 'referrers'] }] },
    );
    const found = await probe(scene);
    expect(scene.registry.requests.every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true);
    expect(writes(found)[0]).toBe(`unknown: not asked: ${found.host} lacks the capability push in the hosts`);
  });
});
