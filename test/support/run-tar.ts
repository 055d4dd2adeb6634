import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs the system's tar. */
export async function runTar(args: readonly string[]): Promise<void> {
  await promisify(execFile)('tar', [...args]);
}
