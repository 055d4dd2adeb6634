import type { StoppableOptions } from '../content/abort.js';
import type { Descriptor } from '../oci/descriptor.js';
import { mediaTypes } from '../oci/media-types.js';
import type { AttemptLog } from './attempt-log.js';
import type { Connections } from './connections.js';
import type { Repository } from './repository.js';
import { isContent } from './stored-content.js';

/** Tells whether a manifest is in a repository: from what was seen before, or by asking once. */
export async function isSubjectKnown(
  connections: Connections,
  repository: Repository,
  subject: Descriptor,
  options: StoppableOptions & { readonly attempts: AttemptLog },
): Promise<boolean> {
  const { capabilities } = connections;
  if (capabilities.hasSubject(repository.key, subject.digest)) return true;
  return await options.attempts.record(repository.host.host, 'subject', async (note) => {
    const { maxErrorBytes } = connections.options.limits;
    const bound = { limitName: 'maxErrorBytes', limit: maxErrorBytes };
    const answer = await repository.manifest('HEAD', subject.digest, bound, { signal: options.signal });
    // A login page is a 200 too, and so is another manifest: only this one proves the subject.
    const isKnown = answer.status === 200 && isContent(answer, { ...subject, mediaType: mediaTypes.ociManifest });
    note({ status: answer.status, rule: isKnown ? 'subject-known' : 'subject-unknown' });
    if (answer.status === 404 || (answer.status === 200 && !isKnown)) {
      capabilities.deleteSubject(repository.key, subject.digest);
      return false;
    }
    if (!isKnown) throw repository.refused(answer, 'look for', subject.digest);
    capabilities.addSubject(repository.key, subject.digest);
    return true;
  });
}
