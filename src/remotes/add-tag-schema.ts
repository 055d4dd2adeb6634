import type { AbortableOptions } from '../content/abort.js';
import { mapConcurrently } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import { isOciError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { mediaTypes } from '../oci/media-types.js';
import { referrersTag } from '../oci/referrers-tag.js';
import type { AttemptLog } from './attempt-log.js';
import { describeManifest } from './manifest-descriptor.js';
import type { Repository } from './repository.js';
import { readReferrersTag } from './tag-schema.js';

type AddOptions = AbortableOptions & { readonly limits: Limits; readonly attempts: AttemptLog };

/** What the referrers tag adds to the list of the API. */
export interface TagAddition {
  /** Referrers that are there and that the API did not list. */
  readonly referrers: readonly Descriptor[];
  readonly warnings: readonly string[];
}

const none: TagAddition = { referrers: [], warnings: [] };
const lookConcurrency = 4;

/**
 * Finds referrers that only the referrers tag lists, at a registry whose API works.
 *
 * A registry that was upgraded in mid-life may never have put the tag's entries into its API. What the tag lists and the
 * API does not is looked for: an entry whose manifest was deleted since is stale, and no loss.
 */
export async function findOnlyInTag(
  repository: Repository,
  subject: Descriptor,
  byApi: readonly Descriptor[],
  options: AddOptions,
): Promise<TagAddition> {
  const what = `referrers tag ${referrersTag(subject.digest)}`;
  const inTag = await readTagEntries(repository, subject, options);
  if (inTag === 'not-a-list')
    return { referrers: [], warnings: [`${what} is not a list of referrers; the API was believed`] };
  if (inTag === undefined) return none;
  const listed = new Set(byApi.map(({ digest }) => digest));
  const unlisted = [...inTag.values()].filter(({ digest }) => !listed.has(digest));
  const found = await mapConcurrently(
    unlisted,
    lookConcurrency,
    async ({ digest }, signal) => await describeManifest(repository, digest, { limits: options.limits, signal }),
    options.signal,
  );
  const referrers = unlisted.filter((_, at) => found[at] !== undefined);
  const lacking = byApi.filter(({ digest }) => !inTag.has(digest)).length;
  const stale = unlisted.length - referrers.length;
  const warnings: string[] = [];
  if (referrers.length > 0) {
    warnings.push(
      `${what} lists ${count(referrers.length, 'referrer')} that the API does not, and lacks ${lacking}; both were united`,
    );
  }
  if (stale > 0)
    warnings.push(`${what} lists ${count(stale, 'entry', 'entries')} whose manifest is not there any more`);
  return { referrers, warnings };
}

/** The entries by digest; undefined where there is no tag of its own. */
async function readTagEntries(
  repository: Repository,
  subject: Descriptor,
  options: AddOptions,
): Promise<ReadonlyMap<string, Descriptor> | 'not-a-list' | undefined> {
  try {
    const answer = await readReferrersTag(repository, subject, options);
    if (answer.kind !== 'index') return undefined;
    return new Map(answer.index.manifests.map((descriptor) => [descriptor.digest, descriptor]));
  } catch (error) {
    // Someone else's image under this tag lists nothing; every other fault might hide a list, and so might a login page.
    if (isOciError(error, 'ERR_OCI_REFERRERS_TAG_INVALID') && (await holdsImage(repository, subject, options)))
      return 'not-a-list';
    throw error;
  }
}

/** Tells whether a manifest that can be no list of referrers is under the tag. */
async function holdsImage(repository: Repository, subject: Descriptor, options: AddOptions): Promise<boolean> {
  const held = await describeManifest(repository, referrersTag(subject.digest), options).catch(() => undefined);
  options.signal?.throwIfAborted();
  return held !== undefined && held.mediaType !== mediaTypes.ociIndex;
}

function count(number: number, one: string, many: string = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
