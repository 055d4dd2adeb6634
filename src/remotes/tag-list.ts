import { z } from 'zod';
import type { AbortableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import { LimitError, ProtocolError } from '../errors/index.js';
import { nextLink } from '../http/link-header.js';
import { parseJsonAs } from '../oci/strict-json.js';
import type { Repository } from './repository.js';

type TagListOptions = AbortableOptions & { readonly limits: Limits };

/** The tags of a repository that were wanted, read to the end of the list. */
export interface TagList {
  readonly tags: readonly string[];
  /** False where another origin has spoken for the registry. */
  readonly isOwnWord: boolean;
}

const tagsSchema: z.ZodType<{ tags: string[] | null }> = z.object({ tags: z.array(z.string()).nullable() });

/**
 * Reads the tag list page by page, keeping only what is wanted; `n=` is never sent (crane would cut the list).
 *
 * @returns undefined when the registry itself knows no such list
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function readTagList(
  repository: Repository,
  isWanted: (tag: string) => boolean,
  options: TagListOptions,
): Promise<TagList | undefined> {
  const { limits, signal } = options;
  const bound = { limitName: 'maxManifestBytes', limit: limits.maxManifestBytes };
  const what = repository.describe('tag list');
  const tags: string[] = [];
  let isOwnWord = true;
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
    if (answer.status !== 200) {
      const refusal = repository.refused(answer, 'list', 'tags');
      // A 404 that says "denied" is no word about the list.
      if (refusal.code === 'ERR_OCI_NOT_FOUND' && !answer.leftOrigin && seen.size === 1) return undefined;
      throw refusal;
    }
    isOwnWord &&= !answer.leftOrigin;
    const page = parseJsonAs(answer.bytes, tagsSchema, what);
    tags.push(...(page.tags ?? []).filter(isWanted));
    const next: URL | undefined = nextLink(answer.headers, answer.leftOrigin ? url : answer.url);
    if (next !== undefined && (next.origin !== url.origin || next.pathname !== url.pathname)) {
      throw new ProtocolError('ERR_OCI_BAD_LINK', `${what} links to another origin or path for its next page`);
    }
    url = next && repository.withNamespace(next);
  }
  return { tags, isOwnWord };
}
