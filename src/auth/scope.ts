/** `type:name:actions`; a name may contain colons, as in `repository:host:5000/app:pull`. */
const grammar = /^([a-z0-9]+(?:\([a-z0-9]+\))?):(.*):([a-z*]+(?:,[a-z*]+)*)$/;

interface ResourceScope {
  /** `type:name`. */
  readonly resource: string;
  readonly actions: readonly string[];
}

/** Splits the value of a `scope` parameter. */
export function splitScopes(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((scope) => scope !== '');
}

/**
 * Unites scopes: actions on the same resource become one scope, `*` stands for every action, and what does not follow
 * the grammar is kept as it is.
 *
 * @returns each resource once, in order, so that equal sets give equal lists
 * @see https://github.com/distribution/distribution/blob/v3.0.0/docs/content/spec/auth/scope.md
 */
export function uniteScopes(scopes: Iterable<string>): string[] {
  const resources = new Map<string, Set<string>>();
  const opaque = new Set<string>();
  for (const scope of scopes) {
    const parsed = parseScope(scope);
    if (parsed === undefined) {
      opaque.add(scope);
      continue;
    }
    const actions = resources.get(parsed.resource) ?? new Set<string>();
    for (const action of parsed.actions) actions.add(action);
    resources.set(parsed.resource, actions);
  }
  const united = [...resources].map(([resource, actions]) => `${resource}:${formatActions(actions)}`);
  return [...opaque, ...united].sort();
}

/**
 * Decides which scopes to ask a token for.
 *
 * @remarks GHCR's `/v2/` names a literal placeholder repository, so a challenge about a resource the request is not about
 * is left aside; Google asks for `pull,push` to delete, so one about the same resource is added; ECR Public and Gitea use
 * scopes of their own (`aws`, `*`), which are taken as they come.
 * @param own - scopes the request needs
 * @param challenged - scopes the challenge names
 */
export function chooseScopes(own: readonly string[], challenged: readonly string[]): string[] {
  if (own.length === 0 || challenged.some((scope) => parseScope(scope) === undefined)) return uniteScopes(challenged);
  const resources = new Set(own.map((scope) => parseScope(scope)?.resource));
  return uniteScopes([...own, ...challenged.filter((scope) => resources.has(parseScope(scope)?.resource))]);
}

function parseScope(scope: string): ResourceScope | undefined {
  const [, type, name, actions] = grammar.exec(scope) ?? [];
  if (type === undefined || name === undefined || actions === undefined) return undefined;
  return { resource: `${type}:${name}`, actions: actions.split(',') };
}

function formatActions(actions: ReadonlySet<string>): string {
  return actions.has('*') ? '*' : [...actions].sort().join(',');
}
