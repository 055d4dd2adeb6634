import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The suite behind `npm run test:browser`: reports in Debian's Chromium, diagrams in the renderer that pages use. */
export default defineConfig({
  ...base,
  test: {
    include: ['test/browser/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
