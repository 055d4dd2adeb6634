import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const projectRoot = new URL('../../', import.meta.url).pathname;

/**
 * Builds the package as it is published, in a folder of its own: another build must not change it while it runs.
 *
 * @param entries - modules that are wanted by themselves too, such as `content/owner-id`
 */
export async function bundleInto(folder: string, ...entries: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const more = entries.flatMap((name) => ['--entry', name]);
  const args = ['scripts/bundle.mjs', '--dir', join(folder, 'dist'), ...more];
  await promisify(execFile)(process.execPath, args, { cwd: projectRoot, timeout: 120_000 });
  await copyFile(join(projectRoot, 'package.json'), join(folder, 'package.json'));
  await chmod(join(folder, 'dist/cli/main.js'), 0o755);
}
