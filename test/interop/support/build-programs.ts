import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isCi, isInstalled, projectRoot } from './tools.js';

const programs = ['registry', 'oracle'] as const;

/** Path of one of the project's own Go programs, once it is built. */
export function programPath(name: (typeof programs)[number]): string {
  return join(projectRoot, '.interop', name);
}

/** Builds the Go programs before any test runs; Go's own cache makes the second time quick. */
export async function setup(): Promise<void> {
  for (const name of ['go', 'docker-registry', 'skopeo']) {
    if (!isInstalled(name)) console.log(`${name} is not installed: ${isCi ? 'a failure in CI' : 'skipped'}`);
  }
  if (!isInstalled('go')) return;
  for (const name of programs) {
    const options = { cwd: join(projectRoot, 'test/interop', name), timeout: 600_000 };
    await promisify(execFile)('go', ['build', '-o', programPath(name), '.'], options);
  }
}
