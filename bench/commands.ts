import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Took } from './figures.js';
import { programPath } from './go-programs.js';

const entry = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const mostMs = 5 * 60_000;

/** Runs a command and tells what it took; one that fails ends the benchmark with what it said. */
export async function runCommand(command: readonly string[], cwd?: string): Promise<Took> {
  const child = spawn(programPath('measure'), command, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    timeout: mostMs,
    cwd,
  });
  const [said, told] = await Promise.all([
    text(child.stderr as Readable),
    text(child.stdio[3] as Readable),
    once(child, 'close'),
  ]);
  if (child.exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${String(child.exitCode)}: ${said}`);
  return JSON.parse(told) as Took;
}

/** The words that run this project's own command. */
export function ours(...words: readonly string[]): readonly string[] {
  return [process.execPath, entry, ...words];
}

/** What several commands took one after the other. */
export function together(parts: readonly Took[]): Took {
  return {
    milliseconds: parts.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
    cpuSeconds: parts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    peakBytes: Math.max(...parts.map(({ peakBytes }) => peakBytes)),
  };
}
