import type { Descriptor } from '../oci/descriptor.js';
import { isDigest } from '../oci/digest.js';
import { mediaTypes } from '../oci/media-types.js';
import { failure, json, methodNotAllowed } from './answers.js';
import type { Context } from './context.js';
import type { RegistryStore, StoredManifest, StoredRepository } from './registry-store.js';
import type { RegistryAnswer } from './types.js';

/** Lists what refers to a digest, known or not (distribution-spec v1.1.1, end-12a and 12b). */
export function handleReferrers({ request, repository, reference, store, options }: Context): RegistryAnswer {
  if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed(['GET', 'HEAD']);
  if (!isDigest(reference)) return failure(400, 'DIGEST_INVALID', 'provided digest is not one this registry can check');
  const artifactType = (options.artifactTypeFilter ?? true) ? request.query.get('artifactType') : null;
  const all = referrersOf(store, repository, reference).filter(
    (referrer) => artifactType === null || (referrer.artifactType ?? '') === artifactType,
  );
  // The cursor is a digest and the order is by digest, so nothing is missed when the list grows between two pages.
  const after = request.query.get('last') ?? '';
  const rest = all.filter((referrer) => referrer.digest > after);
  const page = rest.slice(0, options.pageSize ?? rest.length);
  const headers: Record<string, string> = { 'content-type': mediaTypes.ociIndex };
  if (artifactType !== null) headers['oci-filters-applied'] = 'artifactType';
  const last = page.at(-1);
  if (last !== undefined && page.length < rest.length) {
    const query = new URLSearchParams(request.query);
    query.set('last', last.digest);
    headers['link'] = `<${request.path}?${query.toString()}>; rel="next"`;
  }
  return json(200, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: page }, headers);
}

/** Says how a manifest is listed; undefined leaves it out. */
export type Describe = (
  digest: string,
  manifest: StoredManifest,
  repository: StoredRepository,
) => Descriptor | undefined;

/** Describes a referrer as the specification has it. */
export function describePlainly(digest: string, manifest: StoredManifest): Descriptor {
  const { mediaType, bytes, artifactType, annotations } = manifest;
  return { mediaType, digest, size: bytes.length, artifactType, annotations };
}

/** Finds what refers to a digest, in the order of digests. */
export function referrersOf(
  store: RegistryStore,
  name: string,
  subject: string,
  describe: Describe = describePlainly,
): Descriptor[] {
  const repository = store.repositories.get(name);
  if (repository === undefined) return [];
  const found: Descriptor[] = [];
  for (const [digest, manifest] of repository.manifests) {
    const described = manifest.subject === subject ? describe(digest, manifest, repository) : undefined;
    if (described !== undefined) found.push(described);
  }
  return found.sort((one, other) => (one.digest < other.digest ? -1 : 1));
}
