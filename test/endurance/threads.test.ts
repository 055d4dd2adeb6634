import { expect, test } from 'vitest';
import { describeUnless } from '../interop/support/tools.js';
import { runCommand } from './support/command.js';
import { missingNodes, nodeBinaries } from './support/nodes.js';

describeUnless(missingNodes, 'threads of one process', () => {
  test.each(nodeBinaries)('leave each other’s part files alone on Node $major', async ({ path: node }) => {
    expect((await runCommand([], { node, script: 'owner-in-thread.mjs' })).stdout).toBe('false\n');
  });
});
