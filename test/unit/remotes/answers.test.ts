import { buildImage, type RegistryAnswer } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { asked, openScene, sbomType } from './setup.js';

const dockerListType = 'application/vnd.docker.distribution.manifest.list.v2+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const emptyIndex = { schemaVersion: 2, mediaType: indexType, manifests: [] };
const errorBody = (code: string, message = 'no'): unknown => ({ errors: [{ code, message }] });

function answer(status: number, type: string, body: unknown, headers: Record<string, string> = {}): RegistryAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: { 'Content-Type': type, ...headers }, body: Buffer.from(text) };
}

/** A registry whose referrers endpoint gives one fixed answer; its referrers tag lists one SBOM unless told otherwise. */
async function sceneWith(fixed: RegistryAnswer, options = {}): ReturnType<typeof openScene> {
  return await openScene(
    {
      referrersApi: false,
      rewrite: (request, original) => (request.endpoint === 'referrers' ? fixed : original),
    },
    options,
  );
}

const html = '<!doctype html><title>Sign in</title>';
const json = 'application/json';

describe('an answer of the referrers endpoint that means "not supported"', () => {
  const cases: readonly (readonly [string, RegistryAnswer])[] = [
    ['404 as text', answer(404, 'text/plain', '404 page not found\n')],
    ['404 as HTML', answer(404, 'text/html', html)],
    ['404 with an error code', answer(404, json, errorBody('MANIFEST_UNKNOWN'))],
    ['404 without a body', answer(404, 'text/plain', '')],
    ['405', answer(405, json, errorBody('UNSUPPORTED'))],
    ['406', answer(406, json, { errors: [{ status: 406, message: 'Not Acceptable' }] })],
    ['501', answer(501, json, errorBody('UNSUPPORTED'))],
    ['200 with a page of HTML', answer(200, 'text/html', html)],
    [
      'Harbor 2.7: 401 without a challenge',
      answer(401, json, errorBody('UNAUTHORIZED', 'un-recognized request: GET'), { 'WWW-Authenticate': '' }),
    ],
  ];

  it.each(cases)('leads to the referrers tag: %s', async (_name, fixed) => {
    await using scene = await sceneWith(fixed);
    const sbom = scene.addReferrer(sbomType, 'sbom');
    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list.source).toBe('tag-schema');
    expect(list.referrers.map((referrer) => referrer.digest)).toEqual([sbom.descriptor.digest]);
  });

  it.each(cases)('confirms an empty list for an image that is there: %s', async (_name, fixed) => {
    await using scene = await sceneWith(fixed);
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toEqual([]);
  });

  it.each(cases.slice(4))('confirms nothing for an image that is not there: %s', async (_name, fixed) => {
    await using scene = await sceneWith(fixed);
    const stranger = { ...scene.image.descriptor, digest: `sha256:${'0'.repeat(64)}` };
    await expect(scene.fetcher.fetchReferrers(stranger)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
      hint: expect.any(String) as string,
    });
  });
});

describe('an empty list after an answer that only suggests "not supported"', () => {
  it('is not confirmed by another manifest in the place of the subject', async () => {
    const other = buildImage({ layers: [Buffer.from('other')] }).descriptor;
    await using scene = await openScene({
      referrersApi: false,
      rewrite: (request, original) => {
        if (request.endpoint === 'referrers') return answer(405, json, errorBody('UNSUPPORTED'));
        if (request.method !== 'HEAD') return original;
        return { ...original, headers: { ...original.headers, 'docker-content-digest': other.digest } };
      },
    });
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
    });
  });
});

describe('an answer of the referrers endpoint that is a list', () => {
  const listed = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: `sha256:${'a'.repeat(64)}`,
    size: 7,
  };
  const index = { ...emptyIndex, manifests: [listed] };

  it.each([
    ['an OCI index', answer(200, indexType, index)],
    ['with parameters in its type', answer(200, `${indexType}; charset=utf-8`, index)],
    ['with its type in other case', answer(200, indexType.toUpperCase(), index)],
    ['an index in a 404, as the doctor page says', answer(404, indexType, index)],
    ['an index in a 404 after white space', answer(404, 'text/plain', `\n ${JSON.stringify(index)}`)],
    ['duplicates, which are listed once', answer(200, indexType, { ...index, manifests: [listed, listed] })],
    ['annotations that are null', answer(200, indexType, { ...index, manifests: [{ ...listed, annotations: null }] })],
  ])('is read: %s', async (_name, fixed) => {
    await using scene = await sceneWith(fixed);
    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list.source).toBe('api');
    expect(list.referrers.map((referrer) => referrer.digest)).toEqual([listed.digest]);
    expect(list.warnings).toEqual([]);
  });

  it('is read with a warning when it is labelled application/json (Harbor 2.8)', async () => {
    await using scene = await sceneWith(answer(200, json, index));
    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list.referrers).toHaveLength(1);
    expect(list.warnings).toEqual([expect.stringContaining('application/json')]);
  });

  it.each(['text/plain', 'application/octet-stream'])('is read with a warning when it is labelled %s', async (type) => {
    await using scene = await sceneWith(answer(200, type, index));
    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list.referrers).toHaveLength(1);
    expect(list.warnings).toEqual([expect.stringContaining(type)]);
  });

  it.each([
    ['with an entry that is none', JSON.stringify({ ...index, manifests: [{ ...listed, digest: 'sha256:1' }] })],
    ['cut in the middle', JSON.stringify(index).slice(0, -9)],
    ['with a key that stands twice', JSON.stringify(index).replace('{', '{"schemaVersion":2,')],
  ])('is a fault under another label too, not a missing API: %s', async (_name, body) => {
    await using scene = await sceneWith(answer(200, 'text/plain', body));
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_OCI_BAD_(?:JSON|SCHEMA)$/) as string,
    });
  });

  it('leaves out the subject itself, with a warning', async () => {
    let self: unknown = listed;
    await using scene = await openScene({
      rewrite: (request, original) =>
        request.endpoint === 'referrers' ? answer(200, indexType, { ...emptyIndex, manifests: [self] }) : original,
    });
    self = scene.image.descriptor;
    const list = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(list.referrers).toEqual([]);
    expect(list.warnings).toEqual([expect.stringContaining('its own referrer')]);
  });
});

describe('an answer of the referrers endpoint that is a fault', () => {
  const badDigest = { ...emptyIndex, manifests: [{ mediaType: 'a/b', digest: 'sha256:../../etc', size: 1 }] };
  const cases: readonly (readonly [string, RegistryAnswer, string])[] = [
    ['{} instead of a list', answer(200, indexType, {}), 'ERR_OCI_BAD_SCHEMA'],
    ['manifests: null', answer(200, indexType, { ...emptyIndex, manifests: null }), 'ERR_OCI_BAD_SCHEMA'],
    ['no manifests', answer(200, indexType, { schemaVersion: 2 }), 'ERR_OCI_BAD_SCHEMA'],
    ['schemaVersion 1', answer(200, indexType, { ...emptyIndex, schemaVersion: 1 }), 'ERR_OCI_BAD_SCHEMA'],
    [
      'another mediaType inside',
      answer(200, indexType, { ...emptyIndex, mediaType: 'a/b' }),
      'ERR_OCI_BAD_CONTENT_TYPE',
    ],
    ['a descriptor with a path for a digest', answer(200, indexType, badDigest), 'ERR_OCI_BAD_SCHEMA'],
    ['bytes after the JSON', answer(200, indexType, `${JSON.stringify(emptyIndex)} {}`), 'ERR_OCI_BAD_JSON'],
    ['cut JSON', answer(200, indexType, JSON.stringify(emptyIndex).slice(0, -3)), 'ERR_OCI_BAD_JSON'],
    ['a key twice', answer(200, indexType, `{"schemaVersion":2,"manifests":[],"manifests":[]}`), 'ERR_OCI_BAD_JSON'],
    ['a byte order mark', answer(200, indexType, `\ufeff${JSON.stringify(emptyIndex)}`), 'ERR_OCI_BAD_JSON'],
    [
      'an index in the form of Docker',
      answer(200, dockerListType, { ...emptyIndex, mediaType: dockerListType }),
      'ERR_OCI_BAD_CONTENT_TYPE',
    ],
    [
      'an image instead of a list',
      answer(200, 'application/vnd.oci.image.manifest.v1+json', '{"schemaVersion":2}'),
      'ERR_OCI_BAD_CONTENT_TYPE',
    ],
    ['400', answer(400, json, errorBody('MANIFEST_INVALID')), 'ERR_OCI_REGISTRY_STATUS'],
    ['403', answer(403, json, errorBody('DENIED')), 'ERR_OCI_DENIED'],
    ['404 that means denied', answer(404, json, errorBody('DENIED')), 'ERR_OCI_DENIED'],
    [
      '405 about a parameter (ECR)',
      answer(405, json, errorBody('UNSUPPORTED', "Invalid parameter at 'maxResults'")),
      'ERR_OCI_REGISTRY_STATUS',
    ],
    ['410', answer(410, 'text/plain', ''), 'ERR_OCI_REGISTRY_STATUS'],
    ['424 (ACR cache)', answer(424, json, errorBody('UNKNOWN')), 'ERR_OCI_REGISTRY_STATUS'],
    ['429', answer(429, 'text/plain', ''), 'ERR_OCI_RATE_LIMITED'],
    ['500', answer(500, 'text/plain', ''), 'ERR_OCI_REGISTRY_STATUS'],
    ['503', answer(503, 'text/html', html), 'ERR_OCI_REGISTRY_STATUS'],
  ];

  it.each(cases)('throws, and no tag is asked: %s', async (_name, fixed, code) => {
    await using scene = await sceneWith(fixed);
    scene.addReferrer(sbomType, 'sbom');
    scene.registry.clearRequests();
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code,
      attempts: [{ endpoint: 'referrers', host: scene.registry.host, code }],
    });
    expect(asked(scene.registry)).toEqual(['GET referrers']);
  });

  it('turns 400, 410 and 424 into "not supported" only where fallbackOn says so', async () => {
    await using scene = await sceneWith(answer(424, json, errorBody('UNKNOWN')), { fallbackOn: [424] });
    scene.addReferrer(sbomType, 'sbom');
    expect(await scene.fetcher.fetchReferrers(scene.image.descriptor)).toHaveLength(1);
  });

  it('is never a short list: a fault on page 2 throws away page 1', async () => {
    await using scene = await openScene({
      pageSize: 1,
      rewrite: (request, original) =>
        request.endpoint === 'referrers' && request.query.size > 0 ? answer(404, 'text/plain', 'gone') : original,
    });
    scene.addReferrer(sbomType, 'a');
    scene.addReferrer(sbomType, 'b');
    await expect(scene.fetcher.fetchReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_BAD_SCHEMA',
    });
  });
});
