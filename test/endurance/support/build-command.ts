import { join } from 'node:path';
import { projectRoot } from '../../interop/support/tools.js';
import { bundleInto } from '../../support/bundle-command.js';

const folder = join(projectRoot, '.endurance');

/** The command as it is published. */
export const commandPath: string = join(folder, 'dist/cli/main.js');

/** Builds the command before any test runs. */
export async function setup(): Promise<void> {
  await bundleInto(folder, 'content/owner-id');
}
