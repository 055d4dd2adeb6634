// Puts the sources into few files: Node 20 takes half a millisecond for each module it loads, and there are three hundred.
// What a command loads when it is needed stays a file of its own. Declarations are tsc's.
import { copyFile } from 'node:fs/promises';
import { build } from 'rolldown';

await build({
  input: { index: 'src/index.ts', 'testing/index': 'src/testing/index.ts', 'cli/main': 'src/cli/main.ts' },
  platform: 'node',
  transform: { target: 'node20' },
  // Dependencies stay outside, but for zod: a hundred files, half of them messages in languages that are never asked for.
  // The helper for `await using` comes from rolldown itself.
  external: /^(?!@oxc-project\/|zod$)[a-z@]/,
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    // As deep as the entry of the command, which finds package.json from there.
    chunkFileNames: ({ name }) => `parts/${name === 'src' ? 'library' : name}.js`,
  },
});
await copyFile('node_modules/zod/LICENSE', 'dist/parts/zod-license.txt');
