import type { AbortableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import type { ReferrersList } from '../content/sources.js';
import { isOciError } from '../errors/index.js';
import { legacyTagKinds } from '../oci/artifact-kind.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isLegacyTag, referrersTag } from '../oci/referrers-tag.js';
import type { AttemptLog } from './attempt-log.js';
import { describeManifest } from './manifest-descriptor.js';
import type { Repository } from './repository.js';
import { readTagList } from './tag-list.js';

type LegacyOptions = AbortableOptions & { readonly limits: Limits; readonly attempts: AttemptLog };

/**
 * Finds artifacts under cosign's older tags, `sha256-<hex>.sig`, `.att`, `.sbom` and others of that form.
 *
 * The three names are asked for directly, because some registries cut their tag lists short in silence.
 */
export async function findLegacyTags(
  repository: Repository,
  subject: Descriptor,
  options: LegacyOptions,
): Promise<ReferrersList['legacy']> {
  const prefix = `${referrersTag(subject.digest)}.`;
  // The subject is there, so a repository without tags is what an unknown list means.
  const listed = await readTagList(repository, (tag) => isLegacyTag(tag, subject.digest), options);
  const names = new Set([...legacyTagKinds.keys()].map((suffix) => prefix + suffix));
  for (const tag of listed?.tags ?? []) names.add(tag);
  const found: { tag: string; descriptor: Descriptor }[] = [];
  for (const tag of [...names].sort()) {
    const descriptor = await headTag(repository, tag, options);
    if (descriptor !== undefined) found.push({ tag, descriptor });
  }
  return found;
}

async function headTag(repository: Repository, tag: string, options: LegacyOptions): Promise<Descriptor | undefined> {
  return await options.attempts.record(repository.host.host, 'legacy-tag', async (note) => {
    const descriptor = await describeManifest(repository, tag, options).catch(absentElsewhere);
    note({
      status: descriptor === undefined ? 404 : 200,
      rule: descriptor === undefined ? 'tag-absent' : 'legacy-tag',
    });
    return descriptor;
  });
}

/** GHCR says "no such tag" through its web site; the subject is known, so its word is enough for a single name. */
function absentElsewhere(error: unknown): undefined {
  if (isOciError(error, 'ERR_OCI_NOT_FOUND')) return undefined;
  throw error;
}
