import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  it('explains every error code, and none that does not exist', () => {
    const inSource = [...read('src/errors/codes.ts').matchAll(/'(ERR_OCI_[A-Z_]+)'/g)].map((match) => match[1]);
    const onPage = [...read('docs/errors.md').matchAll(/^\| `(ERR_OCI_[A-Z_]+)` \|/gm)].map((match) => match[1]);
    expect(onPage.sort()).toEqual(inSource.sort());
  });

  it('lists no code that nothing throws', () => {
    const files = readdirSync(new URL('../../../src/', import.meta.url), { recursive: true, encoding: 'utf8' });
    const thrown = files
      .filter((file) => file.endsWith('.ts') && !file.startsWith('errors/codes'))
      .map((file) => read(`src/${file}`))
      .join('\n');
    const codes = [...read('src/errors/codes.ts').matchAll(/'(ERR_OCI_[A-Z_]+)'/g)].map((match) => match[1] ?? '');
    expect(codes.filter((code) => !thrown.includes(code))).toEqual([]);
  });
});
