import { attachArtifact, type Descriptor, type ReferrersList, type ResolverOptions } from '@stellaops/oci-referrers';
import type { ProfileName, TestOrigin, TestRegistryAuth, TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { openScene, repository, type Scene, sbomType } from '../remotes/setup.js';

export { asked, repository, type Scene, sbomType, signatureType } from '../remotes/setup.js';

/** The one user of a profile that asks for credentials. */
export const user = { username: 'user', password: 'pass:word' };
export const userHeader = `Basic ${Buffer.from('user:pass:word').toString('base64')}`;
export const indexType = 'application/vnd.oci.image.index.v1+json';
export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const unknownDigest = `sha256:${'0'.repeat(64)}`;

/** Opens a registry of a profile with one image, and a resolver for it. */
export async function openProfile(
  profile: ProfileName,
  registryOptions: TestRegistryOptions = {},
  options: ResolverOptions = {},
): Promise<Scene> {
  return await openScene({ profile, ...registryOptions }, options);
}

/** The same with credentials asked for, and given. */
export async function openWithUser(
  profile: ProfileName,
  auth: Partial<TestRegistryAuth> = {},
  options: ResolverOptions = {},
): Promise<Scene> {
  return await openProfile(profile, { auth: { ...user, ...auth } }, { credentials: () => user, ...options });
}

/** Lists the referrers of the scene's image. */
export async function list(
  scene: Scene,
  options: Parameters<Scene['fetcher']['listReferrers']>[1] = {},
): Promise<ReferrersList> {
  return await scene.fetcher.listReferrers(scene.image.descriptor, options);
}

/** Attaches an SBOM to the scene's image, as a user of the library does. */
export async function attach(scene: Scene, content = 'an sbom'): Promise<Descriptor> {
  const pusher = await scene.resolver.pusher(scene.reference);
  const files = [{ mediaType: sbomType, content: Buffer.from(content) }];
  return await attachArtifact(pusher, scene.image.descriptor, { artifactType: sbomType, files });
}

/** Puts a tag of cosign's older form on an artifact that is in the store. */
export function addLegacyTag(scene: Scene, descriptor: Descriptor, suffix: string): string {
  const tag = `${scene.image.descriptor.digest.replace(':', '-')}.${suffix}`;
  scene.registry.store.repository(repository).tags.set(tag, descriptor.digest);
  return tag;
}

/** Attaches an SBOM, and says how the image's referrers are listed then, and whether it is the one that is. */
export async function attachAndList(
  scene: Scene,
): Promise<ReferrersList & { readonly attached: Descriptor; readonly isListed: boolean }> {
  const attached = await attach(scene);
  const found = await list(scene);
  return { ...found, attached, isListed: digests(found.referrers).join() === attached.digest };
}

export function digests(descriptors: readonly Descriptor[]): string[] {
  return descriptors.map(({ digest }) => digest).sort();
}

/** Sends a request to the repository as it is, and follows no redirect. */
export async function ask(
  scene: Pick<Scene, 'registry'>,
  path: string,
  init: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: Uint8Array } = {},
): Promise<Response> {
  const url = path.startsWith('/v2') ? path : `/v2/${repository}/${path}`;
  return await fetch(`${scene.registry.origin}${url}`, { redirect: 'manual', ...init });
}

/** Asks the referrers endpoint for the scene's image as it is. */
export async function askReferrers(
  scene: Scene,
  query = '',
  digest = scene.image.descriptor.digest,
): Promise<Response> {
  return await ask(scene, `referrers/${digest}${query}`, { headers: { accept: indexType } });
}

/** Says that an address was asked, and got no secret. */
export function secretsAt(elsewhere: TestOrigin | undefined): readonly string[] {
  if (elsewhere === undefined) throw new Error('this profile has no other address');
  return elsewhere.requests.flatMap(({ headers }) =>
    ['authorization', 'cookie', 'x-api-key'].filter((name) => headers[name] !== undefined),
  );
}

/** Status, some headers and the text of an answer, for one comparison. */
export async function wire(answer: Response, ...names: readonly string[]): Promise<readonly unknown[]> {
  return [answer.status, ...names.map((name) => answer.headers.get(name)), await answer.text()];
}
