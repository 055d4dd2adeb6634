import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/** The project's root; everything a person could type there works in a test too. */
export const projectRoot: string = new URL('../../../', import.meta.url).pathname;

/** Whether everything has to be there. */
export const isCi: boolean = process.env['CI'] === 'true';
const execute = promisify(execFile);

/** Tells whether a program is on the PATH. */
export function isInstalled(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Describes behaviour that needs programs on the PATH, by the rules of {@link describeUnless}. */
export function describeWith(tools: readonly string[], title: string, body: () => void): void {
  const missing = tools.filter((name) => !isInstalled(name));
  describeUnless(missing, title, body);
}

/**
 * Describes behaviour that needs something that `npm ci` does not install.
 *
 * @remarks Where something is missing the title says what, and nothing runs; in CI that is a failure, so that a green run
 * there means every judge was heard.
 */
export function describeUnless(missing: readonly string[], title: string, body: () => void): void {
  const names = missing.join(', ');
  if (names === '') describe(title, body);
  else if (!isCi) describe.skip(`${title} (not installed: ${names})`, body);
  else {
    describe(title, () => {
      it(`has ${names} to run with`, () => {
        expect.fail(`not installed: ${names}; in CI nothing is skipped`);
      });
    });
  }
}

/**
 * Runs a program to its end and returns what it printed.
 *
 * @throws an error whose message has the program's own stderr, when it fails or takes longer than a minute
 */
export async function run(command: string, args: readonly string[], cwd: string = projectRoot): Promise<string> {
  const { stdout } = await execute(command, args, { cwd, timeout: 60_000, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** Runs a line as a person would type it; `$1`, `$2`… are the arguments. A failing part of a pipe fails the line. */
export async function shell(line: string, ...args: readonly string[]): Promise<string> {
  return await run('bash', ['-c', `set -o pipefail; ${line}`, 'bash', ...args]);
}
