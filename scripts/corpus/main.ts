/** Writes every case of the corpus as files for other tools to be tried on. Started by `npm run corpus -- DIRECTORY`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { corpusCases } from './corpus.js';
import { buildCorpusBase } from './corpus-base.js';
import { formsOf } from './forms.js';

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error('usage: npm run corpus -- DIRECTORY');
  process.exit(1);
}
const base = await buildCorpusBase();
await put('honest.tar', base.tar);
const expected: object[] = [];
for (const one of corpusCases(base)) {
  const { family, name, codes } = one;
  const slug = name.replace(/[^A-Za-z0-9.]+/g, '-').slice(0, 120);
  const files: string[] = [];
  for (const [form, bytes] of await formsOf(one, base)) {
    const path = join(family, `${slug}${form}`);
    await put(path, bytes);
    files.push(path);
  }
  expected.push({ family, name, codes, files });
}
await put('expected.json', Buffer.from(`${JSON.stringify(expected, null, 2)}\n`));
console.log(`${directory}: ${expected.length} cases; expected.json says what bundle validate has to find in each`);

async function put(path: string, bytes: Buffer): Promise<void> {
  const target = join(directory ?? '.', path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, bytes);
}
