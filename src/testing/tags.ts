import { failure, json, methodNotAllowed } from './answers.js';
import type { Context } from './context.js';
import type { RegistryStore } from './registry-store.js';
import type { InterceptedRequest, RegistryAnswer } from './types.js';

/** What is known where a page of tags ends. */
export interface PageEnd {
  readonly path: string;
  readonly repository: string;
  /** Last tag of the page. */
  readonly last: string;
  /** Tags a page has. */
  readonly n: number;
  /** Tags up to here, those of earlier pages included. */
  readonly seen: number;
}

/** How a registry lists tags; what is absent is as the specification has it. */
export interface TagsStyle {
  /** False keeps the order in which the tags came. */
  readonly isSorted?: boolean | undefined;
  /** True answers everything at once, whatever is asked. */
  readonly ignoresQuery?: boolean | undefined;
  /** Most tags on one page, whatever is asked. */
  readonly pageSize?: number | undefined;
  /** Writes the `Link` to the next page; undefined leaves it out. */
  readonly link?: ((end: PageEnd) => string | undefined) | undefined;
  /** Whether a full page links on even when it holds the last tag. */
  readonly linksPastEnd?: boolean | undefined;
  /** Says how many tags come before a cursor; undefined where the cursor is not one. */
  readonly skip?: ((cursor: string, tags: readonly string[]) => number | undefined) | undefined;
  /** Answers a cursor that is not one. */
  readonly badCursor?: RegistryAnswer | undefined;
  /** Answers an `n` that is no number of tags. */
  readonly badNumber?: RegistryAnswer | undefined;
}

/** Lists the tags of a repository, a page at a time where asked (distribution-spec v1.1.1, end-8a and 8b). */
export function handleTags({ request, store, options }: Context): RegistryAnswer {
  // The specification has no code for this; distribution's own, which profiles give, is not among those it allows.
  const badNumber = failure(400, 'UNSUPPORTED', 'n is not a number of tags');
  return listTags(request, store, { pageSize: options.tagsPageSize, badNumber });
}

/** Lists tags in a style. */
export function listTags(request: InterceptedRequest, store: RegistryStore, style: TagsStyle): RegistryAnswer {
  const { method, path, query, repository = '' } = request;
  if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed(['GET', 'HEAD']);
  const known = store.repositories.get(repository);
  if (known === undefined) return failure(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  const tags = [...known.tags.keys()];
  if (style.isSorted !== false) tags.sort(compareTags);
  const asked = style.ignoresQuery === true ? null : query.get('n');
  const cursor = style.ignoresQuery === true ? null : query.get('last');
  if (asked !== null && !/^\d{1,9}$/.test(asked)) {
    return style.badNumber ?? failure(400, 'PAGINATION_NUMBER_INVALID', 'n is not a number of tags');
  }
  const skipped = cursor === null ? 0 : (style.skip ?? skipUpTo)(cursor, tags);
  if (skipped === undefined) return style.badCursor ?? failure(400, 'UNSUPPORTED', 'last is not a cursor');
  const rest = tags.slice(skipped);
  const most = Math.min(asked === null ? tags.length : Number(asked), style.pageSize ?? tags.length);
  const page = rest.slice(0, most);
  const last = page.at(-1);
  const isFull = page.length === most && (asked !== null || style.pageSize !== undefined);
  const hasNext = page.length < rest.length || (style.linksPastEnd === true && isFull);
  const end = {
    path,
    repository,
    last: last ?? '',
    n: asked === null ? most : Number(asked),
    seen: skipped + page.length,
  };
  const link = last === undefined || !hasNext ? undefined : (style.link ?? nextByName)(end);
  return json(200, { name: repository, tags: page }, link === undefined ? {} : { link });
}

function nextByName({ path, last, n }: PageEnd): string {
  return `<${path}?${new URLSearchParams({ n: String(n), last }).toString()}>; rel="next"`;
}

function skipUpTo(cursor: string, tags: readonly string[]): number {
  return tags.filter((tag) => compareTags(tag, cursor) <= 0).length;
}

/** Lexical order as the specification has it: without regard to case. */
function compareTags(one: string, other: string): number {
  const [left, right] = [one.toLowerCase(), other.toLowerCase()];
  if (left !== right) return left < right ? -1 : 1;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
