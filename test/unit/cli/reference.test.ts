import { readFile, writeFile } from 'node:fs/promises';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { cli, createWorkspace, publish, sbomType } from './support.js';

const page = new URL('../../../docs/cli.md', import.meta.url).pathname;
const block = /<!-- help:([a-z ]*?) ?-->\n\n```text\n(?:[^`]*\n)?```/g;

test('docs/cli.md shows the help of every command as it is', async () => {
  const text = await readFile(page, 'utf8');
  const paths = [...text.matchAll(block)].map(([, path = '']) => path.trim());
  const helps = new Map<string, string>();
  for (const path of paths) {
    const { stdout } = await cli([...path.split(' ').filter(Boolean), '--help']);
    // Backquotes end a block of code; no help has any.
    expect(stdout).not.toContain('`');
    helps.set(path, stdout);
  }
  const shown = text.replace(block, (_, path: string) => {
    const head = path === '' ? 'help:' : `help: ${path.trim()}`;
    return `<!-- ${head} -->\n\n\`\`\`text\n${helps.get(path.trim()) ?? ''}\`\`\``;
  });
  await expect(shown).toMatchFileSnapshot(page);
});

test('docs/cli.md has every command there is', async () => {
  const text = await readFile(page, 'utf8');
  const namesIn = (help: string): string[] => {
    const list = /\nCommands:\n((?: {2}.*\n)+)/.exec(help)?.[1] ?? '';
    return [...list.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
  };
  const names = namesIn((await cli(['--help'])).stdout);
  expect(names).toContain('discover');
  for (const name of names) {
    expect(text).toContain(`### \`oci-referrers ${name}\`\n`);
    const below = namesIn((await cli([name, '--help'])).stdout);
    for (const nested of below) expect(text).toContain(`### \`oci-referrers ${name} ${nested}\`\n`);
  }
});

test('--format json writes one value to standard output, with the members the page names', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  publish(registry);
  const page1 = await readFile(page, 'utf8');
  const image = `${registry.host}/team/app:1.0`;
  const [file, sbom] = [workspace.path('a.tgz'), workspace.path('s.json')];
  await writeFile(sbom, '{}');
  const runs: readonly (readonly [row: string, words: readonly string[]])[] = [
    ['attach', ['attach', image, `${sbom}:${sbomType}`, '--artifact-type', sbomType]],
    ['discover', ['discover', image, '--recursive']],
    ['bundle export --dry-run', ['bundle', 'export', image, '--output', file, '--dry-run']],
    ['bundle export', ['bundle', 'export', image, '--output', file]],
    ['discover BUNDLE', ['discover', file]],
    ['bundle diff', ['bundle', 'diff', file, file]],
    ['bundle import', ['bundle', 'import', '--file', file, '--to', `oci:${workspace.path('one')}`]],
    ['copy', ['copy', image, `oci:${workspace.path('two')}`]],
    ['pull', ['pull', image, '--output', workspace.path('out')]],
  ];
  for (const [row, words] of runs) {
    const { code, stdout } = await cli([...words, '--format', 'json']);
    expect(code).toBe(0);
    const line = page1.split('\n').find((text) => text.startsWith(`| \`${row}\` |`)) ?? '';
    const known = new Set([...line.matchAll(/`([a-zA-Z0-9]+)`/g)].map(([, name = '']) => name));
    const members = Object.keys(JSON.parse(stdout) as object);
    expect(members.filter((name) => !known.has(name))).toEqual([]);
  }
});
