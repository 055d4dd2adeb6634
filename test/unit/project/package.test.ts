import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

it('the published package has every page that its own pages link to, and no generated page', async () => {
  const flags = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)('npm', flags, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  const [packed] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const paths = packed.files.map(({ path }) => path);
  const pages = paths.filter((path) => path.endsWith('.md'));
  expect(pages).toContain('README.md');
  for (const page of pages) {
    const text = await readFile(`${root}${page}`, 'utf8');
    const links = [...text.matchAll(/\]\((?!\w+:)([^)#]+)/g)].map(([, link = '']) => {
      return new URL(link, `file:///${page}`).pathname.slice(1);
    });
    expect(
      links.filter((link) => !paths.some((path) => path === link || path.startsWith(`${link}/`))),
      page,
    ).toEqual([]);
  }
  expect(paths.filter((path) => path.startsWith('docs/api/'))).toEqual([]);
});
