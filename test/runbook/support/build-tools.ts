import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { isInstalled, projectRoot } from '../../interop/support/tools.js';
import { bundleInto } from '../../support/bundle-command.js';

const run = promisify(execFile);
const folder = join(projectRoot, '.runbook');

/** What an operator's machine has; nothing here is skipped where one of them is missing. */
const tools = ['awk', 'bash', 'curl', 'docker-registry', 'go', 'grep', 'jq', 'openssl', 'sha256sum', 'skopeo', 'tar'];

/** The programs that are no Debian package: this project's command, as npm links it, and two clients of others. */
export const programFolder: string = join(folder, 'bin');

/** Where the example is that docs/telemetry.md has of metrics of the command, as JavaScript, with what it imports above it. */
export const metricsFolder: string = join(folder, 'metrics');

/** Builds them before any test runs. */
export async function setup(): Promise<void> {
  const missing = tools.filter((name) => !isInstalled(name));
  if (missing.length > 0) throw new Error(`the runbook cannot be followed without ${missing.join(', ')}`);
  await mkdir(programFolder, { recursive: true });
  await Promise.all([buildCommand(), buildClients(), buildMetrics()]);
}

async function buildCommand(): Promise<void> {
  await bundleInto(folder);
  const link = join(programFolder, 'oci-referrers');
  await rm(link, { force: true });
  await symlink('../dist/cli/main.js', link);
}

/** Go's own cache makes the second time quick. */
async function buildClients(): Promise<void> {
  const clients = ['github.com/google/go-containerregistry/cmd/crane', 'oras.land/oras/cmd/oras'];
  const cwd = join(projectRoot, 'test/runbook/tools');
  await run('go', ['build', '-o', `${programFolder}/`, ...clients], { cwd, timeout: 600_000 });
}

async function buildMetrics(): Promise<void> {
  const source = await readFile(join(projectRoot, 'examples/metrics-file.ts'), 'utf8');
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  await mkdir(metricsFolder, { recursive: true });
  await writeFile(join(metricsFolder, 'metrics-file.js'), ts.transpileModule(source, { compilerOptions }).outputText);
}
