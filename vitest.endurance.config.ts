import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The suite behind `npm run test:endurance`: mutations, kills, large files, other versions of Node. */
export default defineConfig({
  ...base,
  test: {
    include: ['test/endurance/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    globalSetup: ['test/endurance/support/build-command.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Memory and throughput of one test must not be another's.
    fileParallelism: false,
  },
});
