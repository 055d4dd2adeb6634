import { buffer } from 'node:stream/consumers';
import { createResolver } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';

const account = { username: 'me', password: 'secret' };
const refused = Buffer.from('{"errors":[{"code":"DENIED","message":"Your Authorization Token is invalid."}]}');

/** Lists three referrers, one on each page, while every token dies after the first page. */
async function listWhileTokensExpire(isPublicEcr: boolean): Promise<{ found: number; registry: TestRegistry }> {
  const image = buildImage();
  let pages = 0;
  await using registry: TestRegistry = await startRegistry({
    auth: { type: 'bearer', ...account },
    pageSize: 1,
    rewrite: ({ endpoint, headers }, answer) => {
      const isStale = answer.status === 401 && headers['authorization'] !== undefined;
      if (isPublicEcr && isStale) return { status: 400, headers: {}, body: refused };
      if (endpoint === 'referrers' && answer.status === 200 && ++pages === 1) registry.expireTokens();
      return answer;
    },
  });
  registry.store.add('team/app', image);
  for (const content of ['one', 'two', 'three']) {
    registry.store.add('team/app', buildArtifact({ artifactType: 'a/b', subject: image.descriptor, content }));
  }
  await using resolver = createResolver({ retry: 0, credentials: () => account });
  const fetcher = await resolver.fetcher(`${registry.host}/team/app@${image.descriptor.digest}`);
  return { found: (await fetcher.fetchReferrers(image.descriptor)).length, registry };
}

describe('a token that expires between two pages of a list', () => {
  it.each([
    ['401', false],
    ['400, as ECR Public does', true],
  ])('is replaced, and the list is complete (%s)', async (_, isPublicEcr) => {
    const { found, registry } = await listWhileTokensExpire(isPublicEcr);
    expect(found).toBe(3);
    expect(registry.requests.map(({ endpoint, status }) => `${endpoint} ${status}`)).toEqual([
      'referrers 401',
      'token 200',
      'referrers 200',
      isPublicEcr ? 'referrers 400' : 'referrers 401',
      'token 200',
      'referrers 200',
      'referrers 200',
    ]);
  });
});

describe('a token that expires while a blob is on its way', () => {
  it('is replaced where the connection breaks, and the rest of the blob arrives', async () => {
    const image = buildImage({ layers: [Buffer.alloc(100_000, 'layer')] });
    const [layer] = image.blobs.slice(-1);
    let requests = 0;
    await using registry: TestRegistry = await startRegistry({
      auth: { type: 'bearer', ...account },
      rewrite: ({ endpoint }, answer) => {
        if (endpoint !== 'blob' || answer.status >= 300 || ++requests > 1) return answer;
        registry.expireTokens();
        return { ...answer, cutAfterBytes: 40_000 };
      },
    });
    registry.store.add('team/app', image);
    const retry = { maxRetries: 1, baseDelayMs: 1, maxDelayMs: 1 };
    await using resolver = createResolver({ retry, credentials: () => account });
    const fetcher = await resolver.fetcher(`${registry.host}/team/app@${image.descriptor.digest}`);
    const bytes = await buffer(await fetcher.fetch(layer?.descriptor ?? image.descriptor));
    expect(bytes.equals(Buffer.from(layer?.bytes ?? []))).toBe(true);
    expect(registry.requests.map(({ endpoint, status }) => `${endpoint} ${status}`)).toEqual([
      'blob 401',
      'token 200',
      'blob 200',
      'blob 401',
      'token 200',
      'blob 206',
    ]);
  });
});
