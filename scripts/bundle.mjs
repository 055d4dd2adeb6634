// Puts the sources into few files: Node 20 takes half a millisecond for each module it loads, and there are three hundred.
// Dependencies stay outside, and what a command loads when it is needed stays a file of its own. Declarations are tsc's.
import { build } from 'rolldown';

await build({
  input: { index: 'src/index.ts', 'testing/index': 'src/testing/index.ts', 'cli/main': 'src/cli/main.ts' },
  platform: 'node',
  transform: { target: 'node20' },
  // The helper for `await using` comes from rolldown itself and goes in.
  external: /^(?!@oxc-project\/)[a-z@]/,
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    // As deep as the entry of the command, which finds package.json from there.
    chunkFileNames: ({ name }) => `parts/${name === 'src' ? 'library' : name}.js`,
  },
});
