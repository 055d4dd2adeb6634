import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { readFacts, type ToldFacts, tellFacts } from '../../../bench/tell-facts.js';
import { projectRoot } from '../../interop/support/tools.js';
import { commandPath } from './build-command.js';

/** How a run of the command differs from the usual one. */
export interface CommandSetting {
  /** Another Node to run it with. */
  readonly node?: string | undefined;
  /** Largest file it may write, in KiB. */
  readonly maxFileKiB?: number | undefined;
  /** Where it keeps temporary files. */
  readonly temporary?: string | undefined;
  /** A script of test/endurance/scripts to run in place of the command. */
  readonly script?: string | undefined;
}

/** How a run ended. */
export interface CommandEnd extends ToldFacts {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** A run of the command in a process of its own. */
export interface CommandRun {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandEnd>;
}

/** Starts the command; nothing of this machine's configuration gets to it. */
export function startCommand(args: readonly string[], setting: CommandSetting = {}): CommandRun {
  const { node = process.execPath, maxFileKiB, temporary, script } = setting;
  const program = script === undefined ? commandPath : join(projectRoot, 'test/endurance/scripts', script);
  const limit = maxFileKiB === undefined ? '' : `ulimit -f ${maxFileKiB}; `;
  const begun = performance.now();
  const child = spawn('bash', ['-c', `${limit}exec "$@"`, 'bash', node, ...tellFacts, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...(temporary === undefined ? {} : { TMPDIR: temporary }) },
  });
  const end = async (): Promise<CommandEnd> => {
    const [, out, err, facts] = child.stdio as readonly Readable[];
    const outputs = Promise.all([out, err, facts].map((stream) => text(stream ?? Readable.from([]))));
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    const milliseconds = performance.now() - begun;
    const [stdout = '', stderr = '', told = ''] = await outputs;
    return { code, signal, stdout, stderr, milliseconds, ...readFacts(told) };
  };
  return { child, ended: end() };
}

/** Runs the command to its end, which has to be a good one. */
export async function runCommand(args: readonly string[], setting: CommandSetting = {}): Promise<CommandEnd> {
  const end = await startCommand(args, setting).ended;
  if (end.code !== 0) throw new Error(`${args.join(' ')}: ended with ${end.code ?? end.signal}\n${end.stderr}`);
  return end;
}

/** A directory that is removed when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'endurance-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
