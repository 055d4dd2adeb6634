/** Tries every row of docs/comparison.md with this library, and writes its tables. Started by `npm run docs:comparison`. */
import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { pagePath, renderPage, tryAll } from './page.js';

const root = pathToFileURL(`${process.cwd()}/`);
const tried = await tryAll();
await writeFile(new URL(pagePath, root), await renderPage(root, tried));
console.log(`${pagePath}: ${tried.length} scenarios tried`);
