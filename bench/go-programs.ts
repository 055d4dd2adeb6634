import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const project = new URL('../../', import.meta.url);
const folder = fileURLToPath(new URL('.bench/bin/', project));
/** The first build downloads and compiles four clients. */
const buildMs = 10 * 60_000;

const modules: Readonly<Record<string, readonly string[]>> = {
  'bench/peers': ['./serve', './client', './measure', 'github.com/regclient/regclient/cmd/regctl'],
  'test/runbook/tools': ['github.com/google/go-containerregistry/cmd/crane', 'oras.land/oras/cmd/oras'],
  'test/interop/registry': ['.'],
};

/** A program that {@link buildPrograms} has built. */
export type ProgramName = 'serve' | 'client' | 'measure' | 'registry' | 'regctl' | 'crane' | 'oras';

/** Path of a program that has been built. */
export function programPath(name: ProgramName): string {
  return `${folder}${name}`;
}

/** Builds the server, the clients that this one is compared with, and a registry; false where there is no Go. */
export async function buildPrograms(): Promise<boolean> {
  if (!isInstalled('go', 'version')) return false;
  for (const [module, packages] of Object.entries(modules)) {
    const cwd = fileURLToPath(new URL(module, project));
    await run('go', ['build', '-o', folder, ...packages], { cwd, timeout: buildMs });
  }
  return true;
}

/** Tells whether a command is there. */
export function isInstalled(command: string, argument = '--version'): boolean {
  return spawnSync(command, [argument], { stdio: 'ignore' }).status === 0;
}
