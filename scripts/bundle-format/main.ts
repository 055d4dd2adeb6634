/** Writes docs/bundle-format.md's tables and example, and the JSON Schemas. Started by `npm run docs:bundle-format`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pagePath, renderPage } from './page.js';
import { renderSchemas } from './schemas.js';

const root = pathToFileURL(`${process.cwd()}/`);
const files = new Map([...(await renderSchemas(root)), [pagePath, await renderPage(root)]]);
for (const [path, text] of files) {
  const file = fileURLToPath(new URL(path, root));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(path);
}
