import { attachArtifact } from '@stellaops/oci-referrers';
import type { InterceptedRequest, RegistryAnswer } from '@stellaops/oci-referrers/testing';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openScene, type Scene, sbomType } from './setup.js';

const options = { timeouts: { discoveryMs: 200 }, limits: { maxPages: 1_000_000 } };

/** The same answer, and a link to one more page of the same list, for ever. */
function another(request: InterceptedRequest, answer: RegistryAnswer): RegistryAnswer {
  const page = Number(request.query.get('last') ?? '0') + 1;
  const link = `<${request.url.replace(/\?.*/, '')}?last=${page}>; rel="next"`;
  return { ...answer, status: 200, headers: { ...answer.headers, link } };
}

async function attach(scene: Scene): Promise<unknown> {
  const pusher = await scene.resolver.pusher(scene.reference);
  const files = [{ mediaType: sbomType, content: Buffer.from('{}') }];
  return await attachArtifact(pusher, scene.image.descriptor, { artifactType: sbomType, files });
}

describe('a push to a registry whose lists never end is given up in time', () => {
  it('where it is the list of referrers', async () => {
    await using scene = await openScene(
      { rewrite: (request, answer) => (request.endpoint === 'referrers' ? another(request, answer) : answer) },
      options,
    );
    await expect(attach(scene)).rejects.toMatchObject({
      code: 'ERR_OCI_TIMEOUT',
      message: expect.stringContaining('within 200 ms') as string,
    });
  });

  it('where it is the list of tags, which alone tells that there is no list of referrers', async () => {
    await using other = await startRegistry();
    await using scene = await openScene(
      {
        referrersApi: false,
        rewrite: (request, answer) => {
          if (request.endpoint === 'tags') return another(request, answer);
          if (request.endpoint !== 'manifest' || request.method !== 'GET' || answer.status !== 404) return answer;
          return { status: 303, headers: { location: `${other.origin}/site` } };
        },
      },
      options,
    );
    await expect(attach(scene)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_TAG_CONFLICT',
      cause: { code: 'ERR_OCI_TIMEOUT' },
    });
  });
});
