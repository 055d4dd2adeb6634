import { attachArtifact, referrersTag } from '@stellaops/oci-referrers';
import { buildArtifact, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, repository, type Scene, sbomType } from './setup.js';

const sbom = { artifactType: sbomType, files: [{ mediaType: sbomType, content: Buffer.from('{}') }] };
const isTagPut = (request: { method: string; reference?: string | undefined }): boolean =>
  request.method === 'PUT' && request.reference?.startsWith('sha256-') === true;

async function attach(scene: Scene): Promise<string> {
  const pusher = await scene.resolver.pusher(scene.reference);
  return (await attachArtifact(pusher, scene.image.descriptor, sbom)).digest;
}

function conditions(registry: TestRegistry): (string | undefined)[] {
  return registry.requests
    .filter(isTagPut)
    .map(({ headers }) => headers['if-match'] ?? (headers['if-none-match'] && `none ${headers['if-none-match']}`));
}

describe('the list under a referrers tag', () => {
  it('is written on condition that nobody changed it in between, for registries that honour that', async () => {
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) =>
        request.endpoint === 'manifest' && request.method === 'GET' && answer.status === 200
          ? { ...answer, headers: { ...answer.headers, ETag: '"one"' } }
          : answer,
    });
    await attach(scene);
    const pusher = await scene.resolver.pusher(scene.reference);
    await attachArtifact(pusher, scene.image.descriptor, { ...sbom, annotations: { second: 'true' } });
    expect(conditions(scene.registry)).toEqual(['none *', '"one"']);
  });

  it('is read and written again when the registry says that somebody was faster', async () => {
    let refusals = 2;
    await using scene = await openScene({
      referrersApi: false,
      intercept: (request, response) => {
        if (!isTagPut(request) || refusals-- <= 0) return false;
        response.writeHead(412).end();
        return true;
      },
    });
    const digest = await attach(scene);
    const [found] = await scene.fetcher.fetchReferrers(scene.image.descriptor);
    expect(found?.digest).toBe(digest);
    expect(scene.registry.requests.filter(isTagPut)).toHaveLength(3);
  });

  it('is read back, and written again when another program has overwritten it', async () => {
    const theirs = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${'2'.repeat(64)}`,
      size: 2,
    };
    let overwrites = 1;
    const opened: Scene[] = [];
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, answer) => {
        const [current] = opened;
        if (current !== undefined && isTagPut(request) && answer.status === 201 && overwrites-- > 0) {
          current.registry.store.setReferrersTag(repository, current.image.descriptor, [theirs]);
        }
        return answer;
      },
    });
    opened.push(scene);
    const digest = await attach(scene);
    const found = await scene.fetcher.fetchReferrers(scene.image.descriptor);
    expect(found.map((referrer) => referrer.digest).sort()).toEqual([theirs.digest, digest].sort());
  });

  it('is given up, with a typed error, when others never stop overwriting it', async () => {
    await using scene = await openScene({
      referrersApi: false,
      intercept: (request, response) => {
        if (!isTagPut(request)) return false;
        response.writeHead(412).end();
        return true;
      },
    });
    await expect(attach(scene)).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_TAG_CONFLICT' });
  });

  it('does not grow beyond what every registry has to accept', async () => {
    await using scene = await openScene({ referrersApi: false }, { limits: { maxManifestBytes: 600 } });
    scene.addReferrer(sbomType, 'a');
    scene.addReferrer(sbomType, 'b');
    const artifact = buildArtifact({ artifactType: sbomType, subject: scene.image.descriptor, content: 'c' });
    scene.registry.store.add(repository, artifact);
    const pusher = await scene.resolver.pusher(scene.reference);
    await expect(pusher.push(artifact.descriptor, artifact.manifest)).rejects.toMatchObject({
      code: 'ERR_OCI_LIMIT_EXCEEDED',
      limitName: 'maxManifestBytes',
    });
  });

  it('is kept as well where the registry confirms another subject than the one that was pushed', async () => {
    await using scene = await openScene({
      rewrite: (request, answer) =>
        request.method === 'PUT' && answer.status === 201
          ? { ...answer, headers: { ...answer.headers, 'OCI-Subject': `sha256:${'3'.repeat(64)}` } }
          : answer,
    });
    await attach(scene);
    const { tags } = scene.registry.store.repository(repository);
    expect([...tags.keys()]).toContain(referrersTag(scene.image.descriptor.digest));
  });
});

describe('waiting for other writers', () => {
  it('ends at once with the reason of the signal', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await using scene = await openScene({
      referrersApi: false,
      intercept: async (request) => {
        if (isTagPut(request)) await held;
        return false;
      },
    });
    const first = attach(scene);
    const controller = new AbortController();
    const reason = new Error('enough');
    const pusher = await scene.resolver.pusher(scene.reference, { signal: controller.signal });
    const second = attachArtifact(pusher, scene.image.descriptor, { ...sbom, annotations: { second: 'true' } });
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    release();
    await first;
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toHaveLength(1);
  });
});
