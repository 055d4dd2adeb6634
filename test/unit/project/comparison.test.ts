import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { pagePath, renderPage, type Tried, tryAll } from '../../../scripts/comparison/page.js';

const root = new URL('../../../', import.meta.url);

describe('docs/comparison.md', () => {
  let tried: readonly Tried[] = [];
  beforeAll(async () => {
    tried = await tryAll();
  });

  it('says what this library answers today; npm run docs:comparison writes it', async () => {
    expect(await readFile(new URL(pagePath, root), 'utf8')).toBe(await renderPage(root, tried));
  });

  it('has no row where this library gives a wrong list without a word', () => {
    const wrong = tried.filter(
      ({ scenario, outcome }) =>
        typeof outcome.answer === 'number' && outcome.answer !== scenario.truth && !outcome.isWarned,
    );
    expect(wrong.map(({ title, outcome }) => ({ title, outcome }))).toEqual([]);
    expect(tried.length).toBeGreaterThan(40);
  });
});
