import { failure, json, methodNotAllowed } from './answers.js';
import type { Context } from './context.js';
import type { RegistryAnswer } from './types.js';

/** Lists the tags of a repository, a page at a time where asked (distribution-spec v1.1.1, end-8a and 8b). */
export function handleTags({ request, repository, store, options }: Context): RegistryAnswer {
  if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed(['GET', 'HEAD']);
  const known = store.repositories.get(repository);
  if (known === undefined) return failure(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  const asked = request.query.get('n');
  if (asked !== null && !/^\d{1,9}$/.test(asked)) {
    return failure(400, 'PAGINATION_NUMBER_INVALID', 'n is not a number of tags');
  }
  const after = request.query.get('last');
  const rest = [...known.tags.keys()].sort(compareTags).filter((tag) => after === null || compareTags(tag, after) > 0);
  const most = Math.min(asked === null ? rest.length : Number(asked), options.tagsPageSize ?? rest.length);
  const tags = rest.slice(0, most);
  const last = tags.at(-1);
  if (last === undefined || tags.length === rest.length) return json(200, { name: repository, tags });
  const query = new URLSearchParams({ n: asked ?? String(most), last });
  return json(200, { name: repository, tags }, { link: `<${request.path}?${query.toString()}>; rel="next"` });
}

/** Lexical order as the specification has it: without regard to case. */
function compareTags(one: string, other: string): number {
  const [left, right] = [one.toLowerCase(), other.toLowerCase()];
  if (left !== right) return left < right ? -1 : 1;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
