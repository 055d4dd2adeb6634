import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The suite behind `npm run test:runbook`: every command of the runbook, typed into a real shell. */
export default defineConfig({
  ...base,
  test: {
    include: ['test/runbook/**/*.test.ts'],
    globalSetup: ['test/runbook/support/build-tools.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A step stands on those before it.
    sequence: { concurrent: false },
  },
});
