import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => new URL(path, import.meta.url).pathname;

/** The suite behind `npm test`: npm alone, no Go, no Debian package, loopback only. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@stellaops\/oci-referrers$/, replacement: source('./src/index.ts') },
      { find: /^@stellaops\/oci-referrers\/testing$/, replacement: source('./src/testing/index.ts') },
    ],
  },
  test: {
    include: ['test/unit/**/*.test.ts', 'test/e2e/**/*.test.ts'],
    // No test replaces a module: one loading of the library per worker serves them all, in half the time.
    isolate: false,
    // Much of the time is waiting for timeouts: on two cores, where Vitest would take one worker, two need two thirds of it.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 15_000,
    hookTimeout: 15_000,
  },
});
