import { parseManifest, subjectOf } from '../oci/manifest.js';
import { isManifestType } from '../oci/media-types.js';
import { deleteListed } from './delete-listed.js';
import { readManifest } from './fetcher.js';
import { hasReferrersApi } from './push-manifest.js';
import { type DeleteInput, deleteBound, sendDelete } from './send-delete.js';

/**
 * Deletes a manifest or blob by its digest, never by a tag; a referrer is taken off its subject's list first.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#content-management
 */
export async function deleteContent(input: DeleteInput): Promise<void> {
  const { connections, at, descriptor, signal } = input;
  if (!isManifestType(descriptor.mediaType)) {
    await deleteBlob(input);
    return;
  }
  const { digest } = descriptor;
  try {
    const { bytes, mediaType } = await readManifest(connections, at, digest, signal);
    const subject = subjectOf(parseManifest(bytes, mediaType, at.describe(`manifest ${digest}`)));
    if (subject === undefined || !connections.options.fallbackHosts) await sendDelete(input, 'manifests');
    else await deleteListed(input, subject, await hasReferrersApi(connections, at, subject, signal));
  } finally {
    // Seen a moment ago or not: what was asked to go proves no list any more.
    connections.capabilities.deleteSubject(at.key, digest);
  }
}

async function deleteBlob(input: DeleteInput): Promise<void> {
  const { at, descriptor, signal } = input;
  const head = await at.read('HEAD', at.url('blobs', descriptor.digest), deleteBound(input), { signal });
  if (head.status !== 200) throw at.refused(head, 'delete', `blob ${descriptor.digest}`);
  await sendDelete(input, 'blobs');
}
