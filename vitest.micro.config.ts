import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The suite behind `npm run bench:micro`: single functions, each beside a yardstick of Node's own. */
export default defineConfig({
  ...base,
  test: { include: [], benchmark: { include: ['bench/micro/**/*.bench.ts'] } },
});
