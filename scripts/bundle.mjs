// Puts the sources into few files: Node 20 takes half a millisecond for each module it loads, and there are three hundred.
// What a command loads when it is needed stays a file of its own. Declarations are tsc's.
// Usage: node bundle.mjs [--dir DIR] [--entry ROOM/MODULE ...]; DIR is dist, entries are modules that a test wants by themselves.
import { copyFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { build } from 'rolldown';

const { values } = parseArgs({
  options: { dir: { type: 'string', default: 'dist' }, entry: { type: 'string', multiple: true, default: [] } },
});
const names = ['index', 'testing/index', 'cli/main', ...values.entry];

await build({
  input: Object.fromEntries(names.map((name) => [name, `src/${name}.ts`])),
  platform: 'node',
  transform: { target: 'node20' },
  // Dependencies stay outside, but for zod: a hundred files, half of them messages in languages that are never asked for.
  // The helper for `await using` comes from rolldown itself.
  external: /^(?!@oxc-project\/|zod$)[a-z@]/,
  output: {
    dir: values.dir,
    format: 'esm',
    entryFileNames: '[name].js',
    // As deep as the entry of the command, which finds package.json from there.
    chunkFileNames: ({ name }) => `parts/${name === 'src' ? 'library' : name}.js`,
  },
});
await copyFile('node_modules/zod/LICENSE', `${values.dir}/parts/zod-license.txt`);
