import { z } from 'zod';
import type { AbortableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import type { ReferrersList } from '../content/sources.js';
import { isOciError, LimitError, ProtocolError } from '../errors/index.js';
import { nextLink } from '../http/link-header.js';
import { legacyTagKinds } from '../oci/artifact-kind.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isLegacyTag, referrersTag } from '../oci/referrers-tag.js';
import { parseJsonAs } from '../oci/strict-json.js';
import type { AttemptLog } from './attempt-log.js';
import { describeManifest } from './manifest-descriptor.js';
import type { Repository } from './repository.js';

type LegacyOptions = AbortableOptions & { readonly limits: Limits; readonly attempts: AttemptLog };

const tagsSchema: z.ZodType<{ tags: string[] | null }> = z.object({ tags: z.array(z.string()).nullable() });

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
  const listed = await listTags(repository, subject.digest, options);
  const names = new Set([...legacyTagKinds.keys()].map((suffix) => prefix + suffix));
  for (const tag of listed) names.add(tag);
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

/** Reads the tag list page by page, keeping only the subject's; `n=` is never sent (crane would cut the list). */
async function listTags(repository: Repository, subject: string, options: LegacyOptions): Promise<readonly string[]> {
  const { limits, signal } = options;
  const bound = { limitName: 'maxManifestBytes', limit: limits.maxManifestBytes };
  const what = repository.describe('tag list');
  const kept: string[] = [];
  const seen = new Set<string>();
  let url: URL | undefined = repository.url('tags', 'list');
  while (url !== undefined) {
    if (seen.has(url.href))
      throw new ProtocolError('ERR_OCI_BAD_LINK', `${what} links to a page that was read already`);
    if (seen.size >= limits.maxPages) {
      throw new LimitError(`${what} reaches maxPages (${limits.maxPages})`, {
        limitName: 'maxPages',
        limit: limits.maxPages,
      });
    }
    seen.add(url.href);
    const answer = await repository.read('GET', url, bound, { signal });
    // The manifest is there, so a repository without tags is what a 404 means here.
    if (answer.status === 404 && !answer.leftOrigin && seen.size === 1) return [];
    if (answer.status !== 200) throw repository.refused(answer, 'list', 'tags');
    const page = parseJsonAs(answer.bytes, tagsSchema, what);
    kept.push(...(page.tags ?? []).filter((tag) => isLegacyTag(tag, subject)));
    const next: URL | undefined = nextLink(answer.headers, answer.leftOrigin ? url : answer.url);
    if (next !== undefined && (next.origin !== url.origin || next.pathname !== url.pathname)) {
      throw new ProtocolError('ERR_OCI_BAD_LINK', `${what} links to another origin or path for its next page`);
    }
    url = next;
  }
  return kept;
}
