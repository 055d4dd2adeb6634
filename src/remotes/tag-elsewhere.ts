import type { AbortableOptions } from '../content/abort.js';
import { isOciError, ReferrersError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { referrersTag } from '../oci/referrers-tag.js';
import type { ResolvedOptions } from './options.js';
import type { Repository } from './repository.js';
import { readTagList } from './tag-list.js';
import { withinDiscovery } from './within-discovery.js';

/**
 * Makes sure that a referrers tag does not exist where the registry sent the question to another origin, as GHCR does with
 * tags it does not know: that origin's 404 is not the registry's word, its own list of tags is.
 *
 * @throws ReferrersError `ERR_OCI_REFERRERS_TAG_CONFLICT` when the list has the tag or cannot be read: writing a new list of
 * referrers could lose what is in the one there is
 */
export async function assertTagAbsent(
  at: Repository,
  subject: Descriptor,
  options: AbortableOptions & Pick<ResolvedOptions, 'limits' | 'timeouts'>,
): Promise<void> {
  const tag = referrersTag(subject.digest);
  const refuse = (reason: string, cause?: unknown): never => {
    throw new ReferrersError(
      'ERR_OCI_REFERRERS_TAG_CONFLICT',
      `${at.host.host} sends the tag ${tag} of ${at.name} to another origin, and ${reason}, so nobody knows what it lists already`,
      {
        subject: subject.digest,
        cause,
        hint: 'let the account list the tags of the repository, or push the referrers to a registry with the referrers API',
      },
    );
  };
  const { limits, timeouts } = options;
  const question = {
    unanswered: `${at.describe('tag list')} was not read to its end`,
    where: `${at.host.host}/${at.name}`,
    signal: options.signal,
  };
  const list = await withinDiscovery(timeouts, question, async (scope) => {
    return await readTagList(at, (name) => name === tag, { limits, signal: scope.signal });
  }).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    if (!isOciError(error)) throw error;
    return refuse('its list of tags cannot be read', error);
  });
  if (list?.isOwnWord !== true) return refuse('it has no list of tags of its own');
  if (list.tags.length > 0) refuse('its list of tags has that tag');
}
