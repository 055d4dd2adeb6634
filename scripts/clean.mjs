// Removes a build folder before it is written again, so that a deleted source leaves no stale output in the package.
import { rmSync } from 'node:fs';

for (const folder of process.argv.slice(2)) rmSync(folder, { recursive: true, force: true });
