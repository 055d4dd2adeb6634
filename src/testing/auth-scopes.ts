import type { InterceptedRequest } from './types.js';

/** Actions on one repository, as a token scope names them; the repository `*` stands for every one. */
export interface Scope {
  readonly repository: string;
  readonly actions: readonly string[];
}

/** What a request needs; the base endpoint needs a valid credential and nothing more. */
export function neededScopes(
  { method, endpoint, repository, query }: InterceptedRequest,
  deleteActions: readonly string[],
): readonly Scope[] {
  if (repository === undefined) return [];
  const own: Scope = { repository, actions: neededActions(method, endpoint, deleteActions) };
  const from = query.get('from');
  if (method !== 'POST' || !query.has('mount') || from === null || from === repository) return [own];
  return [own, { repository: from, actions: ['pull'] }];
}

function neededActions(
  method: string,
  endpoint: InterceptedRequest['endpoint'],
  deleteActions: readonly string[],
): readonly string[] {
  if (endpoint === 'upload') return ['pull', 'push'];
  if (method === 'GET' || method === 'HEAD') return ['pull'];
  return method === 'DELETE' ? deleteActions : ['pull', 'push'];
}

/** Writes scopes as a challenge names them; several stand in one text, parted by spaces. */
export function formatScopes(scopes: readonly Scope[]): string {
  return scopes.map(({ repository, actions }) => `repository:${repository}:${actions.join(',')}`).join(' ');
}

/** Tells whether what was granted is enough for one need. */
export function covers(granted: readonly Scope[], needed: Scope): boolean {
  const fitting = granted.filter(({ repository }) => repository === '*' || repository === needed.repository);
  const actions = new Set(fitting.flatMap((scope) => scope.actions));
  return actions.has('*') || needed.actions.every((action) => actions.has(action));
}

/** Leaves of a scope what everybody may have. */
export function pullOnly({ repository, actions }: Scope): Scope {
  const mayPull = actions.includes('*') || actions.includes('pull');
  return { repository, actions: mayPull ? ['pull'] : [] };
}

/** Reads `repository:name:pull,push`; other kinds of resource are granted nothing. */
export function parseScope(text: string): readonly Scope[] {
  const match = /^repository:(.+):([a-z*,]+)$/.exec(text);
  const [, repository, actions] = match ?? [];
  return repository === undefined || actions === undefined ? [] : [{ repository, actions: actions.split(',') }];
}
