import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../interop/support/tools.js';

/** A version of Node that `npm ci` in test/endurance/nodes installs; see the package.json there. */
export interface NodeBinary {
  readonly major: number;
  readonly path: string;
}

/** Every version a bundle has to come out of the same. */
export const nodeBinaries: readonly NodeBinary[] = [20, 22, 24].map((major) => ({
  major,
  path: join(
    projectRoot,
    `test/endurance/nodes/node_modules/node${major}-${process.platform}-${process.arch}/bin/node`,
  ),
}));

/** What is not installed. */
export const missingNodes: readonly string[] = nodeBinaries
  .filter(({ path }) => !existsSync(path))
  .map(({ major }) => `Node ${major} in test/endurance/nodes`);
