import { attachArtifact, type Descriptor } from '@stellaops/oci-referrers';
import type { RequestFacts, TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { repository, type Scene, sbomType } from './setup.js';

export const isDelete = (request: RequestFacts): boolean => request.method === 'DELETE';
export const isTag = (request: RequestFacts): boolean => request.reference?.startsWith('sha256-') === true;
export const refused = (
  status: number,
  code: string,
): { status: number; headers: Record<string, string>; body: Buffer } => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify({ errors: [{ code, message: 'no' }] })),
});

/** A registry without the API whose deletions a test answers. */
export const deleting = (answer: ReturnType<typeof refused>): TestRegistryOptions => ({
  referrersApi: false,
  intercept: (request, response) => {
    if (!isDelete(request)) return false;
    response.writeHead(answer.status, answer.headers).end(answer.body);
    return true;
  },
});

export async function attach(scene: Scene, annotations: Record<string, string> = {}): Promise<Descriptor> {
  const pusher = await scene.resolver.pusher(scene.reference);
  const files = [{ mediaType: sbomType, content: Buffer.from('{}') }];
  return await attachArtifact(pusher, scene.image.descriptor, { artifactType: sbomType, files, annotations });
}

export async function listed(scene: Scene): Promise<string[]> {
  return (await scene.fetcher.fetchReferrers(scene.image.descriptor)).map(({ digest }) => digest);
}

export async function remove(scene: Scene, descriptor: Descriptor, signal?: AbortSignal): Promise<void> {
  scene.registry.clearRequests();
  await (await scene.resolver.pusher(scene.reference)).delete(descriptor, { signal });
}

export const isStored = (scene: Scene, { digest }: Descriptor): boolean =>
  scene.registry.store.repository(repository).manifests.has(digest);
