import { expect, test } from 'vitest';
import { buildImage, startRegistry, type TestRegistry, type TestRegistryOptions } from '../../../src/testing/index.js';
import { errorCode } from './http.js';

async function startWithTags(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  for (const tag of ['v2', 'latest', 'V1', 'v10']) registry.store.add('team/app', buildImage(), { tag });
  return registry;
}

async function tagsOf(url: string): Promise<{ tags: string[]; next: string | undefined }> {
  const response = await fetch(url);
  const { tags } = (await response.json()) as { tags: string[] };
  return { tags, next: /^<(\/v2\/[^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1] };
}

test('tags are listed in lexical order, without regard to case', async () => {
  await using registry = await startWithTags();
  expect(await tagsOf(`${registry.origin}/v2/team/app/tags/list`)).toEqual({
    tags: ['latest', 'V1', 'v10', 'v2'],
    next: undefined,
  });
});

test('n and last give one page after the other', async () => {
  await using registry = await startWithTags();
  const first = await tagsOf(`${registry.origin}/v2/team/app/tags/list?n=3`);
  expect(first.tags).toEqual(['latest', 'V1', 'v10']);
  expect(await tagsOf(registry.origin + (first.next ?? ''))).toEqual({ tags: ['v2'], next: undefined });
  const after = await tagsOf(`${registry.origin}/v2/team/app/tags/list?last=v1`);
  expect(after.tags).toEqual(['v10', 'v2']);
});

test('n=0 gives no tags and no link', async () => {
  await using registry = await startWithTags();
  expect(await tagsOf(`${registry.origin}/v2/team/app/tags/list?n=0`)).toEqual({ tags: [], next: undefined });
});

test('a registry with a page size of its own gives no more than that', async () => {
  await using registry = await startWithTags({ tagsPageSize: 2 });
  const first = await tagsOf(`${registry.origin}/v2/team/app/tags/list?n=100`);
  expect(first.tags).toEqual(['latest', 'V1']);
  expect(await tagsOf(registry.origin + (first.next ?? ''))).toEqual({ tags: ['v10', 'v2'], next: undefined });
});

test('a number that is none, and a repository nobody knows, are refused', async () => {
  await using registry = await startWithTags();
  const wrong = await fetch(`${registry.origin}/v2/team/app/tags/list?n=-1`);
  expect([wrong.status, await errorCode(wrong)]).toEqual([400, 'UNSUPPORTED']);
  const unknown = await fetch(`${registry.origin}/v2/team/none/tags/list`);
  expect([unknown.status, await errorCode(unknown)]).toEqual([404, 'NAME_UNKNOWN']);
});
