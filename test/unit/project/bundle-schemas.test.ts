import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { renderSchemas } from '../../../scripts/bundle-format/schemas.js';
import { bundleRecordSchema } from '../../../src/bundle/record.js';
import { appBundle, filesOf } from '../bundle-read/bundles.js';

const root = new URL('../../../', import.meta.url);
const schemas = await renderSchemas(root);

test.each([...schemas])('%s is what the source gives; npm run docs:bundle-format writes it', async (path, text) => {
  expect(await readFile(new URL(path, root), 'utf8')).toBe(text);
});

describe('the published JSON Schemas, as an independent validator reads them', () => {
  const ajv = new Ajv2020({ strict: true, formats: { 'date-time': true } });
  const compile = (name: string): ((value: unknown) => boolean) =>
    ajv.compile(JSON.parse(schemas.get(`schemas/${name}.schema.json`) ?? '') as object);
  const isRecord = compile('bundle');
  let files = new Map<string, unknown>();
  beforeAll(async () => {
    const bundle = await appBundle({ createdAt: '2026-01-27T10:00:00Z', expiresAt: '2027-01-27T10:00:00.5+01:00' });
    const documents = (await filesOf(bundle)).filter(([path]) => /^(?:bundle|indexes\/.*)\.json$/.test(path));
    files = new Map(documents.map(([path, bytes]) => [path, JSON.parse(bytes.toString())]));
  });

  it('take every document of a real bundle', () => {
    expect(isRecord(files.get('bundle.json'))).toBe(true);
    expect(compile('referrers-index')(files.get('indexes/referrers.index.json'))).toBe(true);
    expect(compile('attestations-index')(files.get('indexes/attestations.index.json'))).toBe(true);
  });

  const zeros = '0'.repeat(64);
  it.each<[string, string, unknown]>([
    ['another version', 'schemaVersion', 2],
    ['a version in quotes', 'schemaVersion', '1'],
    ['no bundleId', 'bundleId', undefined],
    ['a digest in capitals', 'bundleId', `sha256:${'A'.repeat(64)}`],
    ['a digest that goes on after its end', 'bundleId', `sha256:${zeros}\n`],
    ['a digest of another algorithm', 'previousBundleId', `sha384:${zeros}`],
    ['a time without offset', 'createdAt', '2026-01-27T10:00:00'],
    ['a day that there is not', 'expiresAt', '2026-02-30T10:00:00Z'],
    ['no program', 'generator', ''],
    ['a name that is too long', 'generator', 'x'.repeat(4097)],
    ['a flag that is a text', 'complete', 'true'],
    ['a member nobody knows', 'extra', 1],
    ['a requirement of nothing', 'requireReferrers', [{ artifactType: 'a/b', min: 0 }]],
    ['images that are no list', 'images', {}],
    ['lists that are elsewhere', 'referrers', []],
    ['a size below zero', 'images.0.size', -1],
    ['a size with a fraction', 'images.0.size', 1.5],
    ['a size no program counts to', 'images.0.size', 2 ** 53],
    ['a platform that is a number', 'images.0.platforms.included', [1]],
    ['a source of lists there is not', 'referrers.subjects.0.discovery.source', 'guess'],
    ['a count beyond a million', 'referrers.subjects.0.discovery.found', 1_000_001],
    ['a category there is not', 'referrers.subjects.0.artifacts.0.category', 'sboms'],
    ['a sum that is a digest', 'referrers.subjects.0.artifacts.0.sha256', `sha256:${zeros}`],
    ['an annotation that is no text', 'referrers.subjects.0.artifacts.0.annotations', { a: 1 }],
    ['annotations that are a list', 'referrers.subjects.0.artifacts.0.annotations', ['a']],
    ['a member of an entry nobody knows', 'entries.0.mode', 420],
    ['a reason there is not', 'external', [{ digest: `sha256:${zeros}`, size: 1, reason: 'lost' }]],
  ])('refuse %s, as the reader does', (_name, path, value) => {
    const changed = structuredClone(files.get('bundle.json'));
    const names = path.split('.');
    const last = names.pop() ?? '';
    const holder = names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], changed);
    (holder as Record<string, unknown>)[last] = value;
    const record: unknown = JSON.parse(JSON.stringify(changed));
    expect([isRecord(record), bundleRecordSchema.safeParse(record).success]).toEqual([false, false]);
  });
});
