import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The slower suite behind `npm run test:interop`: real registries and real clients as judges. */
export default defineConfig({
  ...base,
  test: {
    include: ['test/interop/**/*.test.ts'],
    globalSetup: ['test/interop/support/build-programs.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
