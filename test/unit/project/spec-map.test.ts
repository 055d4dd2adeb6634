import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const page = read('docs/spec-map.md');
/** The rows of the map: what is asked, level, source, test, deviation. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split(' | '))
  .filter((cells) => cells.length === 5 && cells[0] !== '| what is asked');

describe('docs/spec-map.md', () => {
  it('names sources that are there', () => {
    const named = rows.flatMap(([, , source = '']) => [...source.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path));
    expect(named.length).toBeGreaterThan(50);
    expect([...new Set(named)].filter((path) => !existsSync(new URL(`src/${path}`, root)))).toEqual([]);
  });

  it('names tests that are there, by their titles', () => {
    const named = rows.flatMap(([, , , test = '']) => (test === '–' ? [] : test.split('<br>')));
    const parsed = named.map((text) => /^`([^`]+\.test\.ts)`: (.+)$/.exec(text) ?? [text, '', '']);
    const missing = parsed.filter(([, path = '', title = '']) => {
      const file = new URL(`test/${path}`, root);
      return title === '' || !existsSync(file) || !readFileSync(file, 'utf8').includes(`('${title}'`);
    });
    expect(missing.map(([text]) => text)).toEqual([]);
    expect(named.length).toBeGreaterThan(50);
  });

  it('says why wherever there is no test', () => {
    const bare = rows.filter(([, , , test, deviation]) => test === '–' && deviation?.startsWith('–') === true);
    expect(bare.map(([asked]) => asked)).toEqual([]);
  });

  it('links to the specifications by tag', () => {
    const links = [...page.matchAll(/\]\((https:[^)]+)\)/g)].map(([, link = '']) => link);
    const pinned =
      /^https:\/\/github\.com\/opencontainers\/(?:distribution|image)-spec\/blob\/v1\.1\.1\/[a-z-]+\.md#[a-z-]+$/;
    expect(links.filter((link) => !pinned.test(link))).toEqual([]);
    expect(links.length).toBeGreaterThan(20);
  });

  it('has every rule by which an answer of the referrers endpoint is judged, and no other', () => {
    const source = read('src/remotes/referrers-answer.ts');
    const inSource = [...source.matchAll(/(?:unsupported\(|fault\(|rule: )['`]([a-z0-9-]+)/g)].map(
      ([, rule = '']) => rule,
    );
    const table = /## What an answer[\s\S]*?\n## /.exec(page)?.[0] ?? '';
    const onPage = [...table.matchAll(/^\|[^|]+\|[^|]+\| `([a-z0-9-]+?)(?:400)?`/gm)].map(([, rule = '']) => rule);
    expect([...new Set(onPage)].sort()).toEqual([...new Set(inSource)].sort());
  });
});
