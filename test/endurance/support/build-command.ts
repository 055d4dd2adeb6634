import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../interop/support/tools.js';

const folder = join(projectRoot, '.endurance');

/** The command as it is published, in a folder of its own: another build must not change it while it runs. */
export const commandPath: string = join(folder, 'dist/cli/main.js');

/** Builds the command before any test runs. */
export async function setup(): Promise<void> {
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
  const args = [
    compiler,
    '-p',
    'tsconfig.build.json',
    '--noCheck',
    '--emitDeclarationOnly',
    'false',
    '--outDir',
    join(folder, 'dist'),
  ];
  await mkdir(folder, { recursive: true });
  await promisify(execFile)(process.execPath, args, { cwd: projectRoot, timeout: 120_000 });
  await copyFile(join(projectRoot, 'package.json'), join(folder, 'package.json'));
}
