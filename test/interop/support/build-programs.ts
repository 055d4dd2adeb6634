import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isCi, isInstalled, projectRoot } from './tools.js';

interface Program {
  readonly command: readonly string[];
  readonly target: string;
}

// The conformance suite is published as a package of tests; `go test -c` makes a program of it.
const programs = {
  registry: { command: ['build'], target: '.' },
  oracle: { command: ['build'], target: '.' },
  conformance: { command: ['test', '-c'], target: 'github.com/opencontainers/distribution-spec/conformance' },
} as const satisfies Record<string, Program>;

type ProgramName = keyof typeof programs;

/** Path of one of the project's own Go programs, once it is built. */
export function programPath(name: ProgramName): string {
  return join(projectRoot, '.interop', name);
}

/** Builds the Go programs before any test runs; Go's own cache makes the second time quick. */
export async function setup(): Promise<void> {
  for (const name of ['go', 'docker-registry', 'skopeo']) {
    if (!isInstalled(name)) console.log(`${name} is not installed: ${isCi ? 'a failure in CI' : 'skipped'}`);
  }
  if (!isInstalled('go')) return;
  for (const name of Object.keys(programs) as ProgramName[]) {
    const { command, target } = programs[name];
    const options = { cwd: join(projectRoot, 'test/interop', name), timeout: 600_000 };
    await promisify(execFile)('go', [...command, '-o', programPath(name), target], options);
  }
}
