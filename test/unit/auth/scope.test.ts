import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseScopes, splitScopes, uniteScopes } from '../../../src/auth/scope.js';

describe('uniting scopes', () => {
  it.each([
    ['actions on one repository', ['repository:a:pull', 'repository:a:push,pull'], ['repository:a:pull,push']],
    ['different repositories', ['repository:b:pull', 'repository:a:pull'], ['repository:a:pull', 'repository:b:pull']],
    ['every action', ['repository:a:pull', 'repository:a:*'], ['repository:a:*']],
    ['a name with a port', ['repository:h:5000/a:pull', 'repository:h:5000/a:push'], ['repository:h:5000/a:pull,push']],
    ['a type with a class', ['repository(plugin):a:pull'], ['repository(plugin):a:pull']],
    ['words of their own', ['aws', '*', 'aws'], ['*', 'aws']],
    ['nothing', [], []],
  ])('handles %s', (_, scopes, expected) => {
    expect(uniteScopes(scopes)).toEqual(expected);
  });

  it('gives the same for any order and any repetition', () => {
    const scope = fc
      .tuple(fc.constantFrom('a', 'b/c', 'h:5000/d'), fc.constantFrom('pull', 'push', 'pull,push', 'delete', '*'))
      .map(([name, actions]) => `repository:${name}:${actions}`);
    fc.assert(
      fc.property(fc.array(fc.oneof(scope, fc.constantFrom('aws', '*'))), (scopes) => {
        const united = uniteScopes(scopes);
        expect(uniteScopes([...scopes].reverse())).toEqual(united);
        expect(uniteScopes([...united, ...scopes])).toEqual(united);
      }),
    );
  });

  it('keeps any text', () => {
    fc.assert(fc.property(fc.string(), (text) => void uniteScopes(splitScopes(text))));
  });
});

describe('choosing scopes', () => {
  const own = ['repository:team/app:pull'];

  it.each([
    ['a placeholder repository (GHCR)', own, ['repository:user/image:pull'], own],
    [
      'more actions on the same one (Google)',
      ['repository:team/app:delete'],
      ['repository:team/app:pull,push'],
      ['repository:team/app:delete,pull,push'],
    ],
    ['a second repository to mount from', own, ['repository:team/app:pull', 'repository:other:pull'], own],
    ['a word of its own (ECR Public)', own, ['aws'], ['aws']],
    ['every scope (Gitea)', own, ['*'], ['*']],
    ['none', own, [], own],
    ['a scope where the request has none (olareg)', [], ['registry::pull'], ['registry::pull']],
    ['nothing at all', [], [], []],
  ])('handles a challenge with %s', (_, mine, challenged, expected) => {
    expect(chooseScopes(mine, challenged)).toEqual(expected);
  });
});
