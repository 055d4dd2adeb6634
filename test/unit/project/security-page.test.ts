import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const page = read('docs/security.md');
const threats = page.split('\n').filter((line) => /^\| (?!threat \|)/.test(line));
/** Where a threat is met, and which tests show it. */
const cells = threats.map((line) =>
  line
    .split(' | ')
    .slice(-2)
    .map((cell) => cell.replace(/ \|$/, '')),
);

describe('docs/security.md', () => {
  it('has a file and a test for every threat', () => {
    expect(threats.length).toBeGreaterThan(40);
    const wrong = threats.filter((line) => line.split(' | ').length !== 4);
    expect(wrong).toEqual([]);
  });

  it('names files that are there', () => {
    const named = cells.flatMap(([where = '']) =>
      [...where.matchAll(/`([^`]+)`/g)].map(([, path = '']) => `src/${path}`),
    );
    expect(named.length).toBeGreaterThanOrEqual(threats.length);
    expect(named.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
  });

  it('names tests by titles that are there, in files that are there', () => {
    const missing = cells
      .flatMap(([, shown = '']) => shown.split('<br>'))
      .filter((text) => {
        const [, path = '', title = ''] = /^`([^`]+)`: (\S.*)$/.exec(text) ?? [];
        if (title === '' || !existsSync(new URL(`test/${path}`, root))) return true;
        const source = read(`test/${path}`);
        return !["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
      });
    expect(missing).toEqual([]);
  });

  it('is about every file of the leak suite that holds tests', () => {
    const files = readdirSync(new URL('test/unit/leaks/', root)).filter((file) => file.endsWith('.test.ts'));
    // The search itself is tested in forms.test.ts.
    expect(files.filter((file) => file !== 'forms.test.ts' && !page.includes(`unit/leaks/${file}`))).toEqual([]);
  });
});
