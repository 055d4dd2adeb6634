import type { BlobUploadInput } from './blob-upload.js';
import { BlobUpload } from './blob-upload.js';
import { assertStoredDigest, isBlobThere } from './stored-content.js';
import { cancelUpload, postUpload, sessionFrom } from './upload-session.js';

/**
 * Uploads a blob unless it is there already.
 *
 * @returns false when the registry had it
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export async function uploadBlob(input: BlobUploadInput): Promise<boolean> {
  const { connections, at, blob, signal } = input;
  if (await isBlobThere(at, blob, errorBound(connections), signal)) return false;
  await new BlobUpload(input).run();
  return true;
}

/**
 * Asks the registry to take a blob over from another of its repositories.
 *
 * @returns true only when it says that it did; an upload session opened instead is cancelled
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
 */
export async function mountBlob(input: Omit<BlobUploadInput, 'content'>, from: string): Promise<boolean> {
  const { connections, at, blob, signal } = input;
  const bound = errorBound(connections);
  const scopes = [at.scope('pull,push'), `repository:${from}:pull`];
  const answer = await postUpload(at, { mount: blob.digest, from }, bound, { signal, scopes });
  if (answer.status === 201) {
    assertStoredDigest(answer, blob.digest, at.describe(`blob ${blob.digest}`));
    return true;
  }
  // A registry that cannot mount opens a session; one that will not says so. Both mean: upload it.
  if (answer.status === 202) {
    await cancelUpload(at, sessionFrom(answer, `mount of ${blob.digest}`), bound);
    return false;
  }
  if ([401, 403, 404, 405].includes(answer.status)) return false;
  throw at.refused(answer, 'mount', `blob ${blob.digest}`);
}

function errorBound({ options }: BlobUploadInput['connections']): { limitName: string; limit: number } {
  return { limitName: 'maxErrorBytes', limit: options.limits.maxErrorBytes };
}
