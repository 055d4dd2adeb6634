/** Writes the JSON Schemas of a bundle's documents. Started by `npm run docs:bundle-format`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { renderSchemas } from './schemas.js';

const root = pathToFileURL(`${process.cwd()}/`);
for (const [path, text] of await renderSchemas(root)) {
  const file = fileURLToPath(new URL(path, root));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(path);
}
