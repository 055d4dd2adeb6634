import { type AbortableOptions, mapConcurrently } from '../content/abort.js';
import type { PushTarget } from '../content/sources.js';
import { BundleError, isOciError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isReferrersTag } from '../oci/referrers-tag.js';
import type { MovedTag, TransferItem, TransferOptions } from './transfer.js';

/**
 * Looks at the target before anything is pushed: tags that would move, lists it could not keep, content it has to have.
 *
 * @returns the tags that will move, with what they point to now
 * @throws {@link BundleError} `ERR_OCI_TRANSFER_REFUSED`, and what `assertListable` throws
 */
export async function checkBeforePush(
  target: PushTarget,
  item: TransferItem,
  options: TransferOptions,
): Promise<readonly MovedTag[]> {
  const { signal } = options;
  if (item.tag !== undefined && isReferrersTag(item.tag)) throw listTag(item, item.tag);
  const moved: MovedTag[] = [];
  for (const [tag, digest] of tagsOf(item)) {
    const current = await currentTarget(target, tag, options);
    if (current === undefined || current.digest === digest) continue;
    if (options.keepTags === true) throw tagTaken(item, tag, current);
    moved.push({ tag, previousDigest: current.digest });
  }
  const subjects = item.graph.subjects.filter(({ referrers, tags }) => referrers.length > tags.size);
  await mapConcurrently(subjects, 4, (list, stop) => target.assertListable(list.subject, { signal: stop }), signal);
  for (const blob of item.elsewhere) await assertThere(target, item, blob, { signal });
  return moved;
}

/** Every tag the transfer would set, and the digest it would point to. */
function tagsOf(item: TransferItem): ReadonlyMap<string, string> {
  const tags = new Map(item.graph.subjects.flatMap((list) => [...list.tags].map(([digest, tag]) => [tag, digest])));
  if (item.tag !== undefined) tags.set(item.tag, item.graph.root.digest);
  return tags;
}

async function currentTarget(
  target: PushTarget,
  tag: string,
  options: TransferOptions,
): Promise<Descriptor | undefined> {
  try {
    return await target.resolveTag(tag, { signal: options.signal });
  } catch (error) {
    // GHCR sends unknown tags to its web site. That is enough to set a tag, and not enough to promise that none moves.
    if (options.keepTags !== true && isOciError(error, 'ERR_OCI_NOT_FOUND')) return undefined;
    throw error;
  }
}

async function assertThere(
  target: PushTarget,
  item: TransferItem,
  blob: Descriptor,
  options: AbortableOptions,
): Promise<void> {
  if (await target.exists(blob, options)) return;
  throw new BundleError(
    'ERR_OCI_TRANSFER_REFUSED',
    `${item.target} lacks blob ${blob.digest}, which is not carried along: nothing was pushed`,
    { hint: 'import the bundle this one builds on first, or push the blob there by other means' },
  );
}

/** Lists are merged with what is there; an image would take the place of one, and what it lists would be lost. */
function listTag(item: TransferItem, tag: string): BundleError {
  return new BundleError(
    'ERR_OCI_TRANSFER_REFUSED',
    `${item.target}: tag ${tag} is the name of a list of referrers, not of an image: nothing was pushed`,
    { hint: 'referrers come along with the image they refer to; leave this one out, or give it by its digest' },
  );
}

function tagTaken(item: TransferItem, tag: string, current: Descriptor): BundleError {
  return new BundleError(
    'ERR_OCI_TRANSFER_REFUSED',
    `tag ${tag} of ${item.target} points to ${current.digest} already: nothing was pushed`,
    { hint: 'choose another name (map, --map), or let tags move (leave out keepTags, --no-overwrite)' },
  );
}
