import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);

it.each(['metrics.ts', 'metrics-file.ts'])('docs/telemetry.md shows examples/%s as it is', async (name) => {
  const page = await readFile(new URL('docs/telemetry.md', root), 'utf8');
  expect(page).toContain((await readFile(new URL(`examples/${name}`, root), 'utf8')).trimEnd());
});
