import { digestOf, isDigest, parseDigest } from '../oci/digest.js';
import { mediaTypeOf } from '../oci/media-types.js';
import { isTag } from '../oci/reference.js';
import { failure, methodNotAllowed } from './answers.js';
import { maxManifestBytes, readBody } from './body.js';
import type { Context } from './context.js';
import { type ManifestFacts, readManifestFacts } from './manifest-facts.js';
import type { RegistryAnswer } from './types.js';

/** Serves, takes and deletes manifests (distribution-spec v1.1.1, end-3, end-7 and end-9). */
export async function handleManifest(context: Context): Promise<RegistryAnswer> {
  switch (context.request.method) {
    case 'GET':
    case 'HEAD':
      return serve(context);
    case 'PUT':
      return await take(context);
    case 'DELETE':
      return remove(context);
    default:
      return methodNotAllowed(['GET', 'HEAD', 'PUT', 'DELETE']);
  }
}

function serve(context: Context): RegistryAnswer {
  const repository = context.store.repositories.get(context.repository);
  const digest = digestNamed(context) ?? '';
  const manifest = repository?.manifests.get(digest);
  if (manifest === undefined) return unknown(context);
  return {
    status: 200,
    headers: { 'content-type': manifest.mediaType, 'docker-content-digest': digest },
    body: manifest.bytes,
  };
}

async function take({ request, repository, reference, store, options, behaviour }: Context): Promise<RegistryAnswer> {
  const bytes = await readBody(request.message, maxManifestBytes);
  if (bytes === undefined) return failure(413, 'SIZE_INVALID', `a manifest may have ${maxManifestBytes} bytes here`);
  if (!isDigest(reference) && !isTag(reference)) {
    return reference.includes(':')
      ? failure(400, 'DIGEST_INVALID', 'provided digest is not one this registry can check')
      : failure(400, 'TAG_INVALID', 'manifest tag is not a legal tag');
  }
  const digest = digestOf(bytes, isDigest(reference) ? parseDigest(reference).algorithm : 'sha256');
  if (isDigest(reference) && digest !== reference) {
    return failure(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  const mediaType = mediaTypeOf(request.headers['content-type']);
  const facts = readManifestFacts(bytes, mediaType);
  if (facts === undefined) return failure(400, 'MANIFEST_INVALID', 'manifest is not a JSON object');
  if (mediaType === '' || (facts.mediaType ?? mediaType) !== mediaType) {
    return failure(400, 'MANIFEST_INVALID', 'Content-Type is not the media type of the manifest');
  }
  if (facts.subject !== undefined && !isDigest(facts.subject)) {
    return failure(400, 'MANIFEST_INVALID', 'the subject has no digest that can be checked');
  }
  const { blobs, tags } = store.repository(repository);
  const missing = facts.blobs.find((blob) => !blobs.has(blob));
  if (missing !== undefined) {
    return failure(404, 'MANIFEST_BLOB_UNKNOWN', `manifest references blob ${missing}, which is unknown to registry`);
  }
  const refused = behaviour.refusePush({ repository, mediaType, facts });
  if (refused !== undefined) return refused;
  store.putManifest(repository, digest, bytes, mediaType);
  if (!isDigest(reference)) tags.set(reference, digest);
  return accepted(repository, digest, facts, options.referrersApi ?? true);
}

function accepted(repository: string, digest: string, facts: ManifestFacts, referrersApi: boolean): RegistryAnswer {
  return {
    status: 201,
    headers: {
      location: `/v2/${repository}/manifests/${digest}`,
      'docker-content-digest': digest,
      ...(facts.subject !== undefined && referrersApi ? { 'oci-subject': facts.subject } : {}),
    },
  };
}

function remove(context: Context): RegistryAnswer {
  const { reference } = context;
  const repository = context.store.repositories.get(context.repository);
  const known = isDigest(reference) ? repository?.manifests.has(reference) : repository?.tags.has(reference);
  if (repository === undefined || known !== true) return unknown(context);
  repository.tags.delete(reference);
  repository.manifests.delete(reference);
  for (const [tag, digest] of repository.tags) if (digest === reference) repository.tags.delete(tag);
  return { status: 202, headers: {} };
}

function digestNamed({ store, repository, reference }: Context): string | undefined {
  return isDigest(reference) ? reference : store.repositories.get(repository)?.tags.get(reference);
}

function unknown({ store, repository }: Context): RegistryAnswer {
  if (!store.repositories.has(repository)) {
    return failure(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  }
  return failure(404, 'MANIFEST_UNKNOWN', 'manifest unknown to registry');
}
